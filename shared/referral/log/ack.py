"""Acknowledgement of lines on their way to the log."""

from threading import Lock

from referral.log.errors import NotDurable


class PendingAck:
    """Resolved once Kafka has acknowledged every record that carries the sender's lines, or one of them has failed.

    Dozens of threads may wait for one acknowledgement. Each sleeps on a lock of its own, so that waking costs one release per
    thread; on a Condition they would queue for the common lock.
    """

    __slots__ = ("_error", "_guard", "_pending_records", "_sleepers")

    def __init__(self, records: int = 1) -> None:
        self._guard = Lock()
        self._pending_records = records
        self._error: str | None = None
        self._sleepers: list[Lock] = []

    def add_records(self, records: int) -> None:
        """Waits for this many further records too."""
        with self._guard:
            self._pending_records += records

    def resolve(self, error: str | None = None) -> None:
        """Counts one record as acknowledged, or as failed with `error`."""
        with self._guard:
            self._pending_records -= 1
            self._error = self._error or error
            woken, self._sleepers = (self._sleepers, []) if self._is_resolved() else ([], self._sleepers)
        for sleeper in woken:
            sleeper.release()

    def wait(self, timeout: float) -> None:
        """Returns once all records are durable. Raises NotDurable if one failed, or after `timeout` seconds."""
        sleeper = Lock()
        sleeper.acquire()
        with self._guard:
            if not self._is_resolved():
                self._sleepers.append(sleeper)
            else:
                sleeper.release()
        if not sleeper.acquire(timeout=timeout) and not self._is_resolved():
            raise NotDurable(f"the log did not acknowledge within {timeout:.2g} s")
        if self._error is not None:
            raise NotDurable(self._error)

    def _is_resolved(self) -> bool:
        return self._pending_records <= 0 or self._error is not None
