"""Writes entities to the catalog and waits until they are durable."""

from collections.abc import Iterator, Sequence

import msgspec

from referral.clock import Clock
from referral.config import Settings
from referral.events.entities import CatalogEntity, entity_key
from referral.log.producer_connection import OutgoingRecord, ProducerConnection, RecordPosition
from referral.topics import CATALOG

_encode = msgspec.json.Encoder().encode


class CatalogWriter:
    """Writes one record per entity, since compaction keeps the newest of a key. Thread-safe; connects at the first write."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._ack_timeout_s = settings.ack_timeout_ms / 1000
        self._connection = ProducerConnection(settings, clock, settings.ack_timeout_ms)

    def write(self, entities: Sequence[CatalogEntity], timeout: float | None = None) -> Iterator[RecordPosition]:
        """Returns the positions once all entities are durable. Raises NotDurable; then some may have arrived: write them again.

        `timeout` is in seconds for each acknowledgement, `REFERRAL_ACK_TIMEOUT_MS` if None.
        """
        return self._connection.deliver(map(_record, entities), timeout or self._ack_timeout_s)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


def _record(entity: CatalogEntity) -> OutgoingRecord:
    return OutgoingRecord(CATALOG.name, 0, _encode(entity), entity_key(entity).encode())
