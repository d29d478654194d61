"""Exports the levels of budgets and pools as gauges, for dashboards and alerts."""

import threading
from collections.abc import Callable, Sequence

import structlog
from prometheus_client import Gauge

from referral.telemetry.metrics import gauge

Levels = dict[tuple[str, tuple[str, ...]], float]
"""The values of gauges, by the name of the metric and its labels."""
_INTERVAL_S = 15.0
log = structlog.get_logger()


class LevelExporter:
    """Reads levels every few seconds. `run_once` does what the thread repeats."""

    def __init__(self, sources: Sequence[Callable[[], Levels]]) -> None:
        self._sources = sources
        self._shown: list[Levels] = [{} for _ in sources]
        self._stopping = threading.Event()

    def start(self) -> "LevelExporter":
        """Starts the thread; returns itself."""
        threading.Thread(target=self._run, name="levels", daemon=True).start()
        return self

    def stop(self) -> None:
        """Ends the thread soon."""
        self._stopping.set()

    def run_once(self) -> None:
        """Sets the gauges. What cannot be read keeps its values."""
        for number, source in enumerate(self._sources):
            try:
                levels = source()
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever Redis raises
                log.warning("levels not read", reason=f"{type(error).__name__}: {error}")
                continue
            _show(levels, self._shown[number])
            self._shown[number] = levels

    def _run(self) -> None:
        while not self._stopping.wait(_INTERVAL_S):
            self.run_once()


def _show(levels: Levels, before: Levels) -> None:
    """Sets the gauges. One whose level is gone is 0 and removed: a server with several processes cannot remove it."""
    for (metric, labels), value in levels.items():
        if before.get((metric, labels)) != value:
            _series(metric, labels).set(value)
    for metric, labels in before.keys() - levels.keys():
        _series(metric, labels).set(0)
        if labels:
            gauge(metric).remove(*labels)


def _series(metric: str, labels: tuple[str, ...]) -> Gauge:
    """The gauge with these labels; a metric without labels is its own and only series."""
    return gauge(metric).labels(*labels) if labels else gauge(metric)
