"""Writes records of people and tombstones to the topic `people`, and waits until they are durable."""

from collections.abc import Iterator, Sequence

import msgspec

from referral.clock import Clock
from referral.config import Settings
from referral.events.people import PeopleEntity, people_key, person_of
from referral.log.producer_connection import OutgoingRecord, ProducerConnection, RecordPosition
from referral.topics import PEOPLE, partition_of

_encode = msgspec.json.Encoder().encode


class PeopleWriter:
    """Writes one record per entity, since compaction keeps the newest of a key. Thread-safe; connects at the first write.

    What refers to a person (a participant, a line) is written after `write` has returned, so that it is never on the log without
    what identifies them.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._partitions = PEOPLE.partitions or settings.partitions
        self._ack_timeout_s = settings.ack_timeout_ms / 1000
        self._connection = ProducerConnection(settings, clock, settings.ack_timeout_ms)

    def write(
        self, entities: Sequence[PeopleEntity], tombstones: Sequence[str] = (), timeout: float | None = None
    ) -> Iterator[RecordPosition]:
        """Returns the positions once all entities, and then tombstones of these keys (`people_key`), are durable.

        Records of a person stay in this order. Raises NotDurable; then some may have arrived: write them again. `timeout` is in
        seconds for each acknowledgement, `REFERRAL_ACK_TIMEOUT_MS` if None.
        """
        records = [self._record(people_key(one), _encode(one)) for one in entities]
        records += [self._record(key, None) for key in tombstones]
        return self._connection.deliver(records, timeout or self._ack_timeout_s)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _record(self, key: str, value: bytes | None) -> OutgoingRecord:
        return OutgoingRecord(PEOPLE.name, partition_of(person_of(key), self._partitions), value, key.encode())
