"""Records that were decoded before: decoding takes longer than looking up."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

from referral.directory.replica import Replica
from referral.directory.tables import Table, key_of

Decoded = TypeVar("Decoded")
_MAX_RECORDS = 4096  # about 3 MB


class DecodedRecords(Generic[Decoded]):
    """The records of a table, with a bounded cache. One is decoded again once its bytes have changed. Thread-safe."""

    def __init__(self, replica: Replica, table: Table, decode: Callable[[bytes], Decoded]) -> None:
        self._replica = replica
        self._table = table
        self._decode = decode
        self._records: dict[bytes, tuple[bytes, Decoded]] = {}

    def get(self, id: str) -> Decoded | None:
        """The record with this id. Raises DirectoryUnavailable."""
        key = key_of(id)
        sealed = self._replica.get_sealed(self._table, key)
        return None if sealed is None else self._decoded(key, sealed)

    def get_many(self, ids: Iterable[str]) -> dict[str, Decoded]:
        """The records of those of these ids that have one. Raises DirectoryUnavailable."""
        keys = {key_of(id): id for id in ids}
        found = self._replica.get_many_sealed(self._table, keys)
        return {keys[key]: self._decoded(key, sealed) for key, sealed in found}

    def _decoded(self, key: bytes, sealed: bytes) -> Decoded:
        known = self._records.get(key)
        if known is not None and known[0] == sealed:
            return known[1]
        decoded = self._decode(self._replica.unseal(key, sealed))
        if len(self._records) >= _MAX_RECORDS:
            self._drop_oldest()
        self._records[key] = sealed, decoded
        return decoded

    def _drop_oldest(self) -> None:
        with suppress(RuntimeError, StopIteration):  # another thread has changed the dictionary
            self._records.pop(next(iter(self._records)), None)
