"""The catalog and the people from the directory of this host: programs, keys and the like are kept in memory, and what changed
of them is read again.
"""

import time
from collections.abc import Callable

import structlog

from referral.catalog.stored_entities import INVALID_RECORD, decode_entity
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.directory.directory_participants import StoredParticipants
from referral.directory.directory_people import StoredPeople
from referral.directory.files import directory_files
from referral.directory.log_feed import LogEnds
from referral.directory.replica import DirectoryUnavailable, Replica
from referral.directory.writer_thread import WriterThread
from referral.log.errors import LogUnavailable
from referral.topics import CATALOG, PEOPLE

_WAIT_S = 0.002
_OTHER_FILE_S = 0.02
_MAX_CHANGES = 100
log = structlog.get_logger()


class DirectoryReader:
    """Reads the directory, in one thread. Opens its files at the first read; `may_write` as in `open_source`."""

    is_pushed = False

    def __init__(
        self, settings: Settings, refresh: Callable[[], bool], *, people: bool = True, may_write: bool = True
    ) -> None:
        self._settings = settings
        self._replica = Replica(directory_files(settings), settings.directory_bytes)
        self._writer = WriterThread(settings, self._replica)
        self._started = False
        self._may_write = may_write
        self._reads_people = people
        self._ends = LogEnds(settings, (CATALOG, PEOPLE) if people else (CATALOG,))
        self.view = Catalog(refresh=refresh, index=StoredParticipants(self._replica))
        self.people = StoredPeople(self._replica)
        self._file: object = None
        self._transaction = -1
        self._change = 0
        self._complete_at = float("-inf")

    def poll(self, timeout: float = 0) -> int:
        """Takes over what has changed, without waiting. Returns how many entities. Raises DirectoryUnavailable."""
        if not self._started:
            self._replica.files.create()
            if self._may_write:
                self._writer.start()
            self._started = True
        if not self._replica.refresh():
            return 0
        if self._file is not self._replica.opened:
            self._file, self._transaction, self._change = self._replica.opened, -1, 0
        transaction = self._replica.last_transaction()
        if transaction == self._transaction:
            return 0
        complete_at = self._replica.complete_at()
        count = self._apply_changes()
        self._transaction, self._complete_at = transaction, max(self._complete_at, complete_at)
        return count

    def _apply_changes(self) -> int:
        count, last = 0, self._replica.last_change()
        while self._change < last and (changes := self._replica.changes(self._change, _MAX_CHANGES)):
            for number, raw in changes:
                self._apply(raw)
                self._change = number
            count += len(changes)
        return count

    def _apply(self, raw: bytes) -> None:
        try:
            self.view.apply(decode_entity(raw))
        except INVALID_RECORD as error:
            log.error("record skipped", reason=str(error))

    def read_to_end(self, timeout: float) -> None:
        """Returns once every entity acknowledged before the call is in the directory. Raises LogUnavailable."""
        called_at = time.monotonic()
        try:
            with self._replica.outside_reading():
                self.poll()
                self._wait_for(self._ends.request(timeout), called_at + timeout)
        except LogUnavailable:
            raise
        except Exception as error:
            self._ends.close()
            raise LogUnavailable("the catalog", self._settings.kafka, f"{type(error).__name__}: {error}") from error
        self._complete_at = max(self._complete_at, called_at)

    def _wait_for(self, ends: dict[str, int], deadline: float) -> None:
        while not self._has_reached(ends):
            if time.monotonic() >= deadline:
                raise DirectoryUnavailable(self._replica.files.status() or "it was not read to the end in time")
            self._wait_for_commit()
            self.poll()
        self.poll()

    def _has_reached(self, ends: dict[str, int]) -> bool:
        """Whether the file has everything before these ends. One of all topics is complete, also before its writer has noted it."""
        opened = self._replica.opened
        if self._file is None or any(self._replica.position(name) < end for name, end in ends.items()):
            return False
        if self._reads_people:
            self._replica.note_complete(opened)
        return True

    def _wait_for_commit(self) -> None:
        """Returns once the open file has changed, or after a while: another one may be valid by then."""
        transaction, until = self._replica.last_transaction(), time.monotonic() + _OTHER_FILE_S
        time.sleep(_WAIT_S)
        while self._replica.last_transaction() == transaction and time.monotonic() < until:
            time.sleep(_WAIT_S)

    def age(self) -> float:
        """Seconds since the view was last known to be complete; infinite before that."""
        return time.monotonic() - self._complete_at

    def close(self) -> None:
        """Closes files and connections."""
        self._writer.stop()
        self._ends.close()
        self._replica.close()
