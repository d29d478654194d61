"""Keeps a catalog view current in the background of an HTTP process, and reads to the end for whoever asks.

Any number of requests that miss something at once share one read: each is served by a read that began after it asked.
"""

from math import inf
from threading import Condition, Event, Thread

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.log.errors import LogUnavailable

_PATIENCE_S = 1.5  # below the two seconds within which a request is answered
_PAUSE_AFTER_ERROR_S = 0.25
_SLOW = "the catalog was not read to its end yet"


class CatalogFollower:
    """Owns the reading thread. `start` after any fork; `view` may be read from every thread.

    A look-up in `view` that finds nothing raises LogUnavailable if Kafka does not answer: it must not be reported as unknown.
    """

    def __init__(self, settings: Settings) -> None:
        self.view = Catalog(refresh=self.read_to_end)
        self._servers = settings.kafka
        self._reader = CatalogReader(settings, self.view)
        self._changed = Condition()
        self._asked = 0  # how many reads were asked for
        self._served = 0  # the highest ask that a finished read answers
        self._failed = 0  # the highest ask that a failed read answers
        self._error = _SLOW
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="catalog", daemon=True)

    def start(self) -> "CatalogFollower":
        """Begins to read."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the thread and its connection."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def age(self) -> float:
        """Seconds since the view was last known to be complete; infinite before that."""
        return self._reader.age()

    def stale_reason(self) -> str | None:
        """None when the view has been complete within the last 5 seconds, else why not."""
        return None if self._reader.age() < 5 else self._error

    def was_complete(self) -> bool:
        """Whether the view has been complete at least once; before that it may lack anything, however old."""
        return self.age() < inf

    def read_to_end(self, timeout: float = _PATIENCE_S) -> None:
        """Returns when all that was acked before the call is in the view. Raises LogUnavailable."""
        with self._changed:
            self._asked += 1
            mine = self._asked
            self._changed.wait_for(lambda: max(self._served, self._failed) >= mine, timeout)
            if self._served < mine:
                raise LogUnavailable("the catalog", self._servers, self._error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever the client raises, and says so
                self._fail(f"{type(error).__name__}: {error}")
        self._reader.close()

    def _turn(self) -> None:
        asked = self._asked
        if asked > max(self._served, self._failed) or self._reader.age() > 1:
            self._read(asked)
        self._reader.poll(timeout=0.005 if self._asked > asked else 0.05)

    def _read(self, asked: int) -> None:
        try:
            self._reader.read_to_end(_PATIENCE_S)
        except LogUnavailable as error:
            self._fail(error.reason)
            return
        with self._changed:
            self._served, self._error = max(self._served, asked), _SLOW
            self._changed.notify_all()

    def _fail(self, error: str) -> None:
        """Answers everybody who asked so far, also since the read began: what could be read then, holds no thread up now."""
        with self._changed:
            self._failed, self._error = self._asked, error
            self._changed.notify_all()
        self._stopping.wait(_PAUSE_AFTER_ERROR_S)
