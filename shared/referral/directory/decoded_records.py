"""Records that were decoded before, found again without a look-up as long as their table stays as it is."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

import lmdb

from referral.directory.read_block import ReadBlock, TableVersion
from referral.directory.replica import Replica
from referral.directory.tables import DamagedValue, Table, key_of

Decoded = TypeVar("Decoded")
_MAX_RECORDS = 4096  # about 3 MB
_UNREAD = object()  # the version of a table that was not read: no record has it


class _Known(NamedTuple, Generic[Decoded]):
    version: TableVersion | None  # of the table when it was found
    sealed: bytes
    decoded: Decoded


class DecodedRecords(Generic[Decoded]):
    """The records of a table, with a bounded cache. Thread-safe.

    While the table has the same version, a record is returned without a look-up, at each of which LMDB gives up the interpreter
    lock. After that it is looked up, and decoded again only if its bytes have changed.
    """

    def __init__(self, replica: Replica, table: Table, decode: Callable[[bytes], Decoded]) -> None:
        self._replica = replica
        self._table = table
        self._decode = decode
        self._records: dict[str, _Known[Decoded]] = {}

    def get(self, id: str) -> Decoded | None:
        """The record with this id. Raises DirectoryUnavailable."""
        known, block = self._records.get(id), self._replica.read_block
        if known is not None:
            state = self._replica.state()
            if state is not None and known.version == state.versions.get(self._table, _UNREAD):
                return known.decoded
        elif block is None and self._replica.get_sealed(self._table, key_of(id)) is None:
            return None
        if block is not None:
            return self._read(block, id)
        with self._replica.reading():
            block = self._replica.read_block
            return None if block is None else self._read(block, id)

    def _read(self, block: ReadBlock, id: str) -> Decoded | None:
        """The record, kept with the version that its table has in the same transaction."""
        try:
            known = self._records.get(id)
            if known is not None and known.version == block.version(self._table):
                return known.decoded
            key = key_of(id)
            sealed = block.get(self._table, key)
            return None if sealed is None else self._decoded(id, key, sealed, block.version(self._table))
        except (DamagedValue, lmdb.Error) as error:
            raise self._replica.damage(error) from error

    def get_many(self, ids: Iterable[str]) -> dict[str, Decoded]:
        """The records of those of these ids that have one. Raises DirectoryUnavailable."""
        keys = {key_of(id): id for id in ids}
        found = self._replica.get_many_sealed(self._table, keys)
        return {keys[key]: self._decoded(keys[key], key, sealed, None) for key, sealed in found}

    def _decoded(self, id: str, key: bytes, sealed: bytes, version: TableVersion | None) -> Decoded:
        known = self._records.get(id)
        if known is not None and known.sealed == sealed:
            if version is None:
                return known.decoded
            decoded = known.decoded
        else:
            decoded = self._decode(self._replica.unseal(key, sealed))
            if len(self._records) >= _MAX_RECORDS:
                self._drop_oldest()
        self._records[id] = _Known(version, sealed, decoded)
        return decoded

    def _drop_oldest(self) -> None:
        with suppress(RuntimeError, StopIteration):  # another thread has changed the dictionary
            self._records.pop(next(iter(self._records)), None)
