"""Keeps a catalog view current in the background of an HTTP process, and reads to the end of the topic on request.

Any number of requests that need the end at once share one read: each waits for a read that began after its request.
"""

import time
from math import inf
from threading import Condition, Event, Thread

from referral.catalog.catalog_source import open_source
from referral.config import Settings
from referral.log.errors import LogUnavailable
from referral.people.people_view import People

_READ_SHARE = 0.8  # of the time for an acknowledgement: a request that reads first is refused before one that writes
_PAUSE_AFTER_ERROR_S = 0.25
_PAUSE_S = 0.5  # between two looks at what the broker has sent; a request for the end interrupts it
_MOST_AGE_S = 2.0  # of a view that nothing requests to be read to its end
_NOT_READ_YET = "the catalog has not been read to its end yet"


class CatalogFollower:
    """Owns the reading thread: call `start` after any fork. `view` and `people` may be read from every thread.

    A look-up that finds nothing raises LogUnavailable if Kafka does not answer: it must not be reported as unknown.
    """

    def __init__(self, settings: Settings) -> None:
        self._source = open_source(settings, self._refresh)
        self.view = self._source.view
        self.people = People(self._source.people, refresh=self.read_to_end)
        self._servers = settings.kafka
        self._read_timeout_s = _READ_SHARE * settings.ack_timeout_ms / 1000
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
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(5)

    def age(self) -> float:
        """Seconds since the view was last known to be complete; infinite before that."""
        return self._source.age()

    def stale_reason(self) -> str | None:
        """Why the view has not been complete within the last 5 seconds; None if it has been."""
        return None if self._source.age() < 5 else self._error

    def was_complete(self) -> bool:
        """Whether the view has been complete at least once; before that, even old entities may be missing."""
        return self.age() < inf

    def read_to_end(self, timeout: float | None = None) -> None:
        """Returns once every entity acknowledged before the call is in the view. Raises LogUnavailable.

        Waits `timeout` seconds, by default a little less than a write waits for its acknowledgement. A read that fails is repeated
        as long as there is time for another: a caller with more time waits for a slow broker.
        """
        deadline = time.monotonic() + (self._read_timeout_s if timeout is None else timeout)
        while not self._request_read(deadline - time.monotonic()):
            if deadline - time.monotonic() < self._read_timeout_s:
                raise LogUnavailable("the catalog", self._servers, self._error)

    def _refresh(self) -> bool:
        self.read_to_end()
        return True

    def _request_read(self, timeout: float) -> bool:
        """Whether a read that began after the call was completed within so many seconds."""
        with self._changed:
            self._requested += 1
            request = self._requested
            self._changed.notify_all()
            self._changed.wait_for(lambda: max(self._completed, self._failed) >= request, timeout)
            return self._completed >= request

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._run_once()
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever the client raises; it reports it
                self._fail(f"{type(error).__name__}: {error}")
        self._source.close()

    def _run_once(self) -> None:
        requested = self._requested
        if requested > max(self._completed, self._failed) or self._source.age() > _MOST_AGE_S:
            self._read(requested)
        if not self._source.poll():
            self._pause(requested)

    def _pause(self, requested: int) -> None:
        """Returns after a while, or as soon as there is a request above `requested`, or the follower stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._requested > requested or self._stopping.is_set(), _PAUSE_S)

    def _read(self, requested: int) -> None:
        try:
            self._source.read_to_end(self._read_timeout_s)
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
