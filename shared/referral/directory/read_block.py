"""Look-ups of one thread in one read transaction: beginning and ending one for each costs half as much again."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import lmdb

from referral.directory.environment import OpenFile
from referral.directory.tables import Table


class ReadBlock:
    """A read transaction in a file, which begins with the first look-up: all of them see one state. Used by one thread.

    `valid` returns the file that is open when a transaction begins.
    """

    __slots__ = ("_opened", "_transaction", "_valid")

    def __init__(self, valid: Callable[[], OpenFile | None], opened: OpenFile) -> None:
        self._valid = valid
        self._opened = opened
        self._transaction: lmdb.Transaction[bytes] | None = None

    def get(self, table: Table, key: bytes) -> bytes | None:
        """A value with its checksum. Raises lmdb.Error."""
        transaction = self._begun()
        return transaction.get(key, db=self._opened.tables[table])

    def get_many(self, table: Table, keys: Sequence[bytes]) -> Sequence[tuple[bytes, bytes]]:
        """The keys that have values, with these and their checksums, in the order of `keys`. Raises lmdb.Error."""
        transaction = self._begun()
        with transaction.cursor(self._opened.tables[table]) as cursor:
            return cursor.getmulti(keys)

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
            self._transaction = None


class ReadBlocks(threading.local):
    """The read block that each thread is in, if it is in one."""

    current: ReadBlock | None = None

    @contextmanager
    def within(self, valid: Callable[[], OpenFile | None]) -> Iterator[None]:
        """A block of this thread. One inside another belongs to that."""
        opened = valid()
        if self.current is not None or opened is None:
            yield
            return
        block = self.current = ReadBlock(valid, opened)
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
