"""Writes the data of a file into a new one after an erasure or a correction: LMDB frees pages without overwriting them.

The entries are copied one by one, since a copied page would still have what was deleted in it. The copy is of one moment, and takes
many short slices; what is committed meanwhile is applied to it at the end.
"""

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path

from referral.directory.environment import OpenFile, open_file
from referral.directory.replica import REMOVED_AT, Replica
from referral.directory.tables import Table

_SLICE_ENTRIES = 2_000


def rewrite_is_due(replica: Replica, after_s: float) -> bool:
    """Whether so many seconds have passed since a record of people was first erased or replaced in the file."""
    removed_at_ms = replica.get(Table.META, REMOVED_AT)
    return removed_at_ms is not None and time.time() * 1000 - int(removed_at_ms) > after_s * 1000


class FileRewrite:
    """A copy under way. Used by the writer, in one thread."""

    def __init__(self, source: OpenFile, path: Path, map_size: int) -> None:
        self._path = path
        self._target = open_file(path, map_size, create=True)
        self._slices = _copy(source, self._target)

    def copy_some(self, seconds: float) -> bool:
        """Whether the copy is complete after a slice, and after more of them for so many seconds. Raises lmdb.Error."""
        deadline = time.monotonic() + seconds
        while next(self._slices, None) is not None:
            if time.monotonic() >= deadline:
                return False
        return True

    def take(self) -> OpenFile:
        """The complete file, for the caller to use and to close."""
        return self._target

    def discard(self) -> None:
        """Removes the unfinished file."""
        self._slices.close()
        self._target.close()
        for path in (self._path, self._path.with_name(self._path.name + "-lock")):
            path.unlink(missing_ok=True)


def _copy(source: OpenFile, target: OpenFile) -> Generator[int, None, None]:
    """Copies all tables as they are at the first step, and yields after each slice."""
    with source.environment.begin() as snapshot:
        for table in Table:
            with snapshot.cursor(source.tables[table]) as cursor:
                for entries in _slices(cursor):
                    with target.environment.begin(write=True) as txn, txn.cursor(target.tables[table]) as writing:
                        writing.putmulti(entries, append=True)
                    target.extend()
                    yield len(entries)
    with target.environment.begin(write=True) as txn:
        txn.delete(REMOVED_AT, db=target.tables[Table.META])


def _slices(cursor: Iterable[tuple[bytes, bytes]]) -> Iterator[Sequence[tuple[bytes, bytes]]]:
    entries: list[tuple[bytes, bytes]] = []
    for entry in cursor:
        entries.append(entry)
        if len(entries) == _SLICE_ENTRIES:
            yield entries
            entries = []
    if entries:
        yield entries
