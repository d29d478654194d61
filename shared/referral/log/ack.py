"""What a sender holds while its lines are on their way to the log."""

from threading import Lock

from referral.log.errors import NotDurable


class PendingAck:
    """Resolved when the log has acknowledged every record that carries the sender's lines, or has refused one.

    Dozens of threads may wait for one ticket. Each sleeps on a lock of its own, so that waking them costs one release each and
    they do not queue up for a common one as a Condition would have them do.
    """

    __slots__ = ("_error", "_guard", "_open", "_sleepers")

    def __init__(self, records: int = 1) -> None:
        self._guard = Lock()
        self._open = records
        self._error: str | None = None
        self._sleepers: list[Lock] = []

    def add_records(self, records: int) -> None:
        """The lines travel in so many further records."""
        with self._guard:
            self._open += records

    def resolve(self, error: str | None = None) -> None:
        """One record is acknowledged, or failed with `error`."""
        with self._guard:
            self._open -= 1
            self._error = self._error or error
            woken, self._sleepers = (self._sleepers, []) if self._is_resolved() else ([], self._sleepers)
        for sleeper in woken:
            sleeper.release()

    def wait(self, timeout: float) -> None:
        """Returns once all is durable. Raises NotDurable when refused, or after `timeout` seconds."""
        sleeper = Lock()
        sleeper.acquire()
        with self._guard:
            if not self._is_resolved():
                self._sleepers.append(sleeper)
            else:
                sleeper.release()
        if not sleeper.acquire(timeout=timeout) and not self._is_resolved():
            raise NotDurable(f"the log did not acknowledge within {timeout:g} s")
        if self._error is not None:
            raise NotDurable(self._error)

    def _is_resolved(self) -> bool:
        return self._open <= 0 or self._error is not None
