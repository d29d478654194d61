"""Keeps a catalog view current in the background of an HTTP process, and reads to the end of the topic on request.

Any number of requests that need the end at once share one read: each waits for a read that began after its request.
"""

from math import inf
from threading import Condition, Event, Thread

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.log.errors import LogUnavailable

_READ_TIMEOUT_S = 1.5  # below the two seconds within which a request is answered
_PAUSE_AFTER_ERROR_S = 0.25
_NOT_READ_YET = "the catalog has not been read to its end yet"


class CatalogFollower:
    """Owns the reading thread: call `start` after any fork. `view` may be read from every thread.

    A look-up in `view` that finds nothing raises LogUnavailable if Kafka does not answer: it must not be reported as unknown.
    """

    def __init__(self, settings: Settings) -> None:
        self.view = Catalog(refresh=self.read_to_end)
        self._servers = settings.kafka
        self._reader = CatalogReader(settings, self.view)
        self._changed = Condition()
        self._requested = 0  # number of the newest request for a read
        self._completed = 0  # the newest request that a completed read covers
        self._failed = 0  # the newest request that a failed read covers
        self._error = _NOT_READ_YET
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="catalog", daemon=True)

    def start(self) -> "CatalogFollower":
        """Starts the thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops the thread and closes its connection."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def age(self) -> float:
        """Seconds since the view was last known to be complete; infinite before that."""
        return self._reader.age()

    def stale_reason(self) -> str | None:
        """Why the view has not been complete within the last 5 seconds; None if it has been."""
        return None if self._reader.age() < 5 else self._error

    def was_complete(self) -> bool:
        """Whether the view has been complete at least once; before that, even old entities may be missing."""
        return self.age() < inf

    def read_to_end(self, timeout: float = _READ_TIMEOUT_S) -> None:
        """Returns once every entity acknowledged before the call is in the view. Raises LogUnavailable."""
        with self._changed:
            self._requested += 1
            request = self._requested
            self._changed.wait_for(lambda: max(self._completed, self._failed) >= request, timeout)
            if self._completed < request:
                raise LogUnavailable("the catalog", self._servers, self._error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._run_once()
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever the client raises; it reports it
                self._fail(f"{type(error).__name__}: {error}")
        self._reader.close()

    def _run_once(self) -> None:
        requested = self._requested
        if requested > max(self._completed, self._failed) or self._reader.age() > 1:
            self._read(requested)
        self._reader.poll(timeout=0.005 if self._requested > requested else 0.05)

    def _read(self, requested: int) -> None:
        try:
            self._reader.read_to_end(_READ_TIMEOUT_S)
        except LogUnavailable as error:
            self._fail(error.reason)
            return
        with self._changed:
            self._completed, self._error = max(self._completed, requested), _NOT_READ_YET
            self._changed.notify_all()

    def _fail(self, error: str) -> None:
        """Fails every request made so far, also those made since the read began: their threads must not wait any longer."""
        with self._changed:
            self._failed, self._error = self._requested, error
            self._changed.notify_all()
        self._stopping.wait(_PAUSE_AFTER_ERROR_S)
