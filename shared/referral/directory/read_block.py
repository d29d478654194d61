"""Look-ups of one thread in one read transaction: beginning and ending one for each costs half as much again."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import lmdb

from referral.directory.environment import OpenFile
from referral.directory.tables import Table, unseal, version_key

TableVersion = tuple[OpenFile, int]
"""What a table has in a file: equal versions have equal entries."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A committed state of a file: the number of its transaction, and the versions of its tables that were read.

    Versions may be of a later state: LMDB gives a transaction that begins while two others are committed the number of the state
    before, and what is in the state after both. So they tell what may be returned, but not as of when a record was read.
    """

    opened: OpenFile
    transaction: int
    versions: dict[Table, TableVersion] = field(default_factory=dict)


class FileStates:
    """The state that was read last, by any thread. Needs no lock: it changes by single assignments."""

    def __init__(self) -> None:
        self._last: FileState | None = None

    def at(self, opened: OpenFile, transaction: int) -> FileState:
        """The state that a file has in a transaction."""
        last = self._last
        if last is None or last.transaction != transaction or last.opened is not opened:
            last = self._last = FileState(opened, transaction)
        return last


class ReadBlock:
    """A read transaction in a file, which begins with the first look-up: all of them see one state. Used by one thread.

    `valid` returns the file that is open when a transaction begins.
    """

    __slots__ = ("_opened", "_state", "_states", "_transaction", "_valid", "_versions")

    def __init__(self, valid: Callable[[], OpenFile | None], states: FileStates, opened: OpenFile) -> None:
        self._valid = valid
        self._states = states
        self._opened = opened
        self._transaction: lmdb.Transaction[bytes] | None = None
        self._state: FileState | None = None
        self._versions: dict[Table, TableVersion] = {}

    def get(self, table: Table, key: bytes) -> bytes | None:
        """A value with its checksum. Raises lmdb.Error."""
        transaction = self._begun()
        return transaction.get(key, db=self._opened.tables[table])

    def get_many(self, table: Table, keys: Sequence[bytes]) -> Sequence[tuple[bytes, bytes]]:
        """The keys that have values, with these and their checksums, in the order of `keys`. Raises lmdb.Error."""
        transaction = self._begun()
        with transaction.cursor(self._opened.tables[table]) as cursor:
            return cursor.getmulti(keys)

    def state(self) -> FileState:
        """The committed state that it sees. Raises lmdb.Error."""
        state = self._state
        if state is None:
            transaction = self._begun()
            state = self._state = self._states.at(self._opened, transaction.id())
        return state

    def version(self, table: Table) -> TableVersion:
        """The version of a table, read in this transaction and noted for other blocks. Raises lmdb.Error or DamagedValue."""
        known = self._versions.get(table)
        if known is None:
            key = version_key(table)
            sealed = self.get(Table.META, key)
            known = self._opened, 0 if sealed is None else int(unseal(key, sealed))
            self._versions[table] = self.state().versions[table] = known
        return known

    def _begun(self) -> "lmdb.Transaction[bytes]":
        transaction = self._transaction
        if transaction is None:
            self._opened = self._valid() or self._opened
            transaction = self._transaction = self._opened.environment.begin()
        return transaction

    def end(self) -> None:
        """Ends the transaction; a later look-up begins another one."""
        if self._transaction is not None:
            self._transaction.abort()
            self._transaction = self._state = None
            self._versions = {}


class ReadBlocks(threading.local):
    """The read block that each thread is in, if it is in one. `valid` returns the file that is open; all threads share `states`."""

    current: ReadBlock | None = None

    def __init__(self, valid: Callable[[], OpenFile | None], states: FileStates) -> None:
        self._valid = valid
        self._states = states

    @contextmanager
    def within(self) -> Iterator[None]:
        """A block of this thread. One inside another belongs to that."""
        opened = self._valid()
        if self.current is not None or opened is None:
            yield
            return
        block = self.current = ReadBlock(self._valid, self._states, opened)
        try:
            yield
        finally:
            self.current = None
            block.end()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Leaves this thread's read block for a while, if it is in one; look-ups after it see the newest state."""
        block, self.current = self.current, None
        if block is not None:
            block.end()
        try:
            yield
        finally:
            self.current = block
