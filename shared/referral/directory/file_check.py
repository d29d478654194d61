"""Reads a whole data file in short slices, and finds what a disk has changed: a wrong checksum, or a page that cannot be read."""

from collections.abc import Iterator

import lmdb

from referral.directory.environment import DamagedFile, OpenFile
from referral.directory.tables import DamagedValue, Table, unseal

_SLICE = 500  # entries for each transaction: a long one would keep pages from being used again


def check_file(opened: OpenFile) -> Iterator[int]:
    """Yields how many entries each slice had. Raises DamagedFile at the first damaged entry."""
    for table in Table:
        after: bytes | None = b""
        while after is not None:
            try:
                count, after = _check_slice(opened, table, after)
            except (lmdb.Error, DamagedValue) as error:
                raise DamagedFile(f"table {table.name.lower()}: {error}") from error
            yield count


def _check_slice(opened: OpenFile, table: Table, after: bytes) -> tuple[int, bytes | None]:
    """Checks the entries after a key. Returns how many there were, and the last key; None once the table has ended."""
    with opened.environment.begin() as txn, txn.cursor(opened.tables[table]) as cursor:
        more = cursor.set_range(after) if after else cursor.first()
        for count in range(_SLICE):
            if not more:
                return count, None
            key = cursor.key()
            unseal(key, cursor.value())
            more = cursor.next()
        return _SLICE, key
