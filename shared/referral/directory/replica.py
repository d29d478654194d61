"""The directory as one process reads it: look-ups in the valid data file, which another process may be writing.

Look-ups take no lock and never wait for Kafka. What is damaged is reported to the writer, which rebuilds the file.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import RLock

import lmdb
import structlog

from referral.directory.environment import DamagedFile, OpenFile, open_file
from referral.directory.files import DirectoryFiles, Generation
from referral.directory.read_block import FileState, FileStates, ReadBlock, ReadBlocks
from referral.directory.tables import DamagedValue, Table, key_of, prefix_of, unseal
from referral.log.errors import LogUnavailable

_CLOSE_AFTER_S = 10.0  # by then every look-up in a file that was replaced has ended
_COMPLETE_AT = b"complete_at"
_LOG = b"log"
_SEQUENCE = b"sequence"
ERASURE_COUNT = b"erasure_count"
REMOVED_AT = b"erased_at_ms"
"""The real time at which a record of people was first erased or replaced in this file: its free pages may have it until the file is
rewritten.
"""
log = structlog.get_logger()


class DirectoryUnavailable(LogUnavailable):
    """The directory cannot be read now: the message has the file, the reason and the remedy."""

    def __init__(self, reason: str) -> None:
        Exception.__init__(self, f"Cannot read the directory: {reason}. See docs/runbooks/directory.md.")
        self.reason = reason


class Replica:
    """The valid data file. Thread-safe, but for `close`.

    Opened by the process that reads, never before a fork: LMDB forbids that a file is shared across one.
    """

    def __init__(self, files: DirectoryFiles, map_size: int) -> None:
        self.files = files
        self._map_size = map_size
        self.generation: Generation | None = None
        self.opened: OpenFile | None = None
        self._pointer: tuple[int, int] | None = None
        self._retired: list[tuple[float, OpenFile]] = []
        self._opening = RLock()
        self._complete: OpenFile | None = None  # the open file, once it has been complete
        self._states = FileStates()
        self._blocks = ReadBlocks(lambda: self.opened, self._states)

    def refresh(self) -> bool:
        """Whether a file is open: the valid one. Raises DirectoryUnavailable if it cannot be opened."""
        pointer = _identity(self.files.pointer)
        if pointer != self._pointer or self._retired:
            with self._opening:
                self._close_retired()
                self._open(self.files.current())
                self._pointer = pointer
        return self.opened is not None

    def _open(self, generation: Generation | None) -> None:
        if generation is None or (self.generation is not None and generation.name == self.generation.name):
            return
        path = self.files.data(generation)
        try:
            self.adopt(generation, open_file(path, self._map_size))
        except FileNotFoundError:
            raise DirectoryUnavailable(f"{path} is missing") from None
        except DamagedFile as error:
            self.files.report_damage(generation, str(error))
            raise DirectoryUnavailable(str(error)) from error
        except (lmdb.Error, OSError) as error:
            raise DirectoryUnavailable(f"{path}: {error}") from error

    def adopt(self, generation: Generation, opened: OpenFile) -> None:
        """Reads from an open file from now on."""
        with self._opening:
            if self.opened is not None:
                self._retired.append((time.monotonic() + _CLOSE_AFTER_S, self.opened))
            self.generation, self.opened = generation, opened

    def _close_retired(self) -> None:
        while self._retired and self._retired[0][0] < time.monotonic():
            self._retired.pop(0)[1].close()

    def close(self) -> None:
        """Closes the files."""
        files, self.opened, self.generation, self._pointer = [self.opened], None, None, None
        for opened in [*files, *(one for _, one in self._retired)]:
            if opened is not None:
                opened.close()
        self._retired.clear()

    def reading(self) -> AbstractContextManager[None]:
        """A block in which `get` and `get_sealed` of this thread see one state of the file, and cost a third less.

        Nothing in it may wait, least of all for what is still to be written: it would not be seen. `outside_reading` may.
        """
        return self._blocks.within()

    def outside_reading(self) -> AbstractContextManager[None]:
        """A block within that of `reading` which may wait; afterwards that one sees what was written meanwhile."""
        return self._blocks.outside()

    @property
    def read_block(self) -> ReadBlock | None:
        """The block of `reading` that this thread is in; None outside of one, and if there is no file yet."""
        return self._blocks.current

    def state(self) -> FileState | None:
        """The committed state that a look-up of this thread would see now; None if there is no file yet.

        It takes a tenth of a look-up, and keeps the interpreter lock. Raises DirectoryUnavailable.
        """
        try:
            if (block := self._blocks.current) is not None:
                return block.state()
            opened = self.opened
            if opened is None:
                return None
            transaction = opened.environment.begin()
            number = transaction.id()
            transaction.abort()
        except lmdb.Error as error:
            raise self.damage(error) from error
        return self._states.at(opened, number)

    def get(self, table: Table, key: bytes) -> bytes | None:
        """A value; None if there is none, or no file yet. Raises DirectoryUnavailable."""
        sealed = self.get_sealed(table, key)
        return None if sealed is None else self.unseal(key, sealed)

    def get_sealed(self, table: Table, key: bytes) -> bytes | None:
        """A value with its checksum, which is not checked: in a microsecond."""
        opened = self.opened
        if opened is None:
            return None
        try:
            if (block := self._blocks.current) is not None:
                return block.get(table, key)
            txn = opened.environment.begin(opened.tables[table])
            sealed = txn.get(key)
            txn.abort()
        except lmdb.Error as error:
            raise self.damage(error) from error
        return sealed

    def get_many(self, table: Table, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that have one, in the order of the keys. Raises DirectoryUnavailable."""
        return {key: self.unseal(key, sealed) for key, sealed in self.get_many_sealed(table, keys)}

    def get_many_sealed(self, table: Table, keys: Iterable[bytes]) -> Sequence[tuple[bytes, bytes]]:
        """The keys that have a value, in their order, each with its value and the checksum of that, which is not checked.

        One call of LMDB for all, in the order in which they are stored: a third of the time of looking up each.
        """
        try:
            with self.reading():
                block = self._blocks.current
                return [] if block is None else block.get_many(table, sorted(keys))
        except lmdb.Error as error:
            raise self.damage(error) from error

    def unseal(self, key: bytes, sealed: bytes) -> bytes:
        """The value without its checksum. Raises DirectoryUnavailable if that is wrong."""
        try:
            return unseal(key, sealed)
        except DamagedValue as error:
            raise self.damage(error) from error

    def keys(self, table: Table, parts: tuple[str, ...], after: str, limit: int) -> list[str]:
        """The last parts of the first `limit` keys that begin with these parts and are greater than `after`, in their order."""
        opened, prefix, found = self.opened, prefix_of(*parts), list[str]()
        if opened is None:
            return found
        start = key_of(*parts, after)
        with self._guarded(), opened.environment.begin(db=opened.tables[table]) as txn, txn.cursor() as cursor:
            more = cursor.set_range(start)
            while more and len(found) < limit and cursor.key().startswith(prefix):
                unseal(cursor.key(), cursor.value())
                if cursor.key() != start or not after:
                    found.append(cursor.key()[len(prefix) :].decode())
                more = cursor.next()
        return found

    def keys_beginning(self, table: Table, parts: tuple[str, ...], beginning: str, limit: int) -> list[str]:
        """What follows these parts in the first `limit` keys whose next part begins so, in their order."""
        opened, prefix, found = self.opened, prefix_of(*parts), list[str]()
        if opened is None:
            return found
        start = prefix + beginning.encode()
        with self._guarded(), opened.environment.begin(db=opened.tables[table]) as txn, txn.cursor() as cursor:
            more = cursor.set_range(start)
            while more and len(found) < limit and cursor.key().startswith(start):
                unseal(cursor.key(), cursor.value())
                found.append(cursor.key()[len(prefix) :].decode())
                more = cursor.next()
        return found

    def changes(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """The numbers and records of the entities that changed after a change, the oldest first: each entity once."""
        opened, found = self.opened, list[tuple[int, bytes]]()
        if opened is None:
            return found
        with self._guarded(), opened.environment.begin() as txn, txn.cursor(opened.tables[Table.CHANGES]) as cursor:
            more = cursor.set_range((after + 1).to_bytes(8, "big"))
            while more and len(found) < limit:
                number, key = cursor.key(), unseal(cursor.key(), cursor.value())
                value = txn.get(key, b"", db=opened.tables[Table.ENTITIES])
                found.append((int.from_bytes(number, "big"), unseal(key, value)[8:]))
                more = cursor.next()
        return found

    def count(self, *tables: Table) -> int:
        """How many entries these tables have together."""
        opened = self.opened
        if opened is None:
            return 0
        with self._guarded():
            return opened.count(*tables)

    def last_transaction(self) -> int:
        """The number of the last commit; it costs a microsecond, whatever changed."""
        opened = self.opened
        return -1 if opened is None else int(opened.environment.info()["last_txnid"])

    def last_change(self) -> int:
        """The number of the last change of an entity that every process has in memory."""
        return int(self.get(Table.META, _SEQUENCE) or 0)

    def erasure_count(self) -> int:
        """A number that grows with every erasure, and when the file is rebuilt."""
        return int(self.get(Table.META, ERASURE_COUNT) or 0)

    def complete_at(self) -> float:
        """The monotonic time of this machine as of which the file had all that was on the log; -inf if it never had."""
        return float(self.get(Table.META, _COMPLETE_AT) or "-inf")

    def require_complete(self) -> None:
        """Raises DirectoryUnavailable if the open file never had all that was on the log: it is being rebuilt.

        Erasures are still missing from such a file; who was erased would be taken for the person of before.
        """
        opened = self.opened
        if opened is not None and opened is self._complete:
            return
        if self.complete_at() == float("-inf"):
            raise DirectoryUnavailable("it is being rebuilt from the log and not complete yet")
        self._complete = opened

    def note_complete(self, opened: OpenFile | None) -> None:
        """Notes that an open file has had all that was on the log, as a reader has found before the writer recorded it."""
        self._complete = opened

    def position(self, partition: str) -> int:
        """The next offset of a partition, `TOPIC/NUMBER`, that the file does not have yet."""
        return int(self.get(Table.META, position_key(partition)) or 0)

    def log_identity(self) -> str:
        """The log that the file is folded from; empty if it has none yet."""
        return (self.get(Table.META, _LOG) or b"").decode()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (DamagedValue, lmdb.Error) as error:
            raise self.damage(error) from error

    def damage(self, error: Exception) -> DirectoryUnavailable:
        """Reports damage in the file that is open to the writer. Returns what to raise."""
        generation = self.generation
        if generation is None or isinstance(error, lmdb.ReadersFullError | lmdb.MapResizedError):
            return DirectoryUnavailable(str(error))
        reason = f"{self.files.data(generation)}: {error}"
        log.error("the directory is damaged", reason=reason)
        self.files.report_damage(generation, reason)
        return DirectoryUnavailable(reason)


def position_key(partition: str) -> bytes:
    """The key of the position in a partition."""
    return b"position/" + partition.encode()


def _identity(path: Path) -> tuple[int, int] | None:
    """What differs between two files of this path; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
