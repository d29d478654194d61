"""A limit to the values of a metric's label: each value is a time series in Prometheus, and stays until the process ends."""

from threading import Lock

OTHER = "other"


class LabelLimit:
    """The first `most` different values, for as long as the process runs; any other value is `other`."""

    def __init__(self, most: int) -> None:
        self._most, self._values, self._lock = most, set[str](), Lock()

    def label(self, value: str) -> str:
        """The value itself, or `other`."""
        with self._lock:
            if value not in self._values and len(self._values) >= self._most:
                return OTHER
            self._values.add(value)
            return value
