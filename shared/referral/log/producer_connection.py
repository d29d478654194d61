"""A Kafka producer's life, the same for every writer: opened at the first record, replaced after a failure, closed at the end."""

from collections.abc import Iterable, Iterator, Sequence
from threading import Event, Lock
from typing import NamedTuple

from kafka import KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError
from kafka.future import Future

from referral.clock import Clock
from referral.config import Settings
from referral.log.connection import create_producer, discard
from referral.log.errors import NotDurable
from referral.log.keyed_batch import Keyed, enqueue_batch
from referral.log.records import MAX_RECORD_BYTES

_RECORD_OVERHEAD = 32  # bytes of a record beside key and value, at most


class OutgoingRecord(NamedTuple):
    """A record for a partition of a topic (its short name); `key` only where the topic is compacted, value None erases there."""

    topic: str
    partition: int
    value: bytes | None
    key: bytes | None = None


class RecordPosition(NamedTuple):
    """Where an acknowledged record is: topic (its full name), partition and offset."""

    topic: str
    partition: int
    offset: int


class OutgoingBatch(NamedTuple):
    """Records with keys for a partition of a compacted topic (its short name), in their order."""

    topic: str
    partition: int
    records: Sequence[Keyed]


class ProducerConnection:
    """A producer for this system's topics. Opens at the first record, after any fork. Thread-safe."""

    def __init__(self, settings: Settings, clock: Clock, delivery_timeout_ms: int) -> None:
        self._settings = settings
        self._clock = clock
        self._delivery_timeout_ms = delivery_timeout_ms
        self._lock = Lock()
        self.current: KafkaProducer | None = None

    def deliver(self, records: Iterable[OutgoingRecord], ack_timeout_s: float) -> Iterator[RecordPosition]:
        """Sends the records; returns their positions once Kafka has acknowledged all, each within `ack_timeout_s`.

        Records with keys go in one batch for each partition. Raises NotDurable; then some may have arrived, and the next record
        opens a new producer: the failed one may still hold records to send again.
        """
        try:
            return self._deliver(list(records), ack_timeout_s)
        except Exception as error:
            self.discard()
            raise NotDurable(f"{type(error).__name__}: {error}") from error

    def _deliver(self, records: Sequence[OutgoingRecord], ack_timeout_s: float) -> Iterator[RecordPosition]:
        batches = list(_batches(records))
        sent = [self._send_together([records[index] for index in indexes]) for indexes in batches]
        acknowledged: list[tuple[RecordPosition, list[int]]] = []
        for indexes, future in zip(batches, sent, strict=True):
            offset, first = _offset(future, ack_timeout_s), records[indexes[0]]
            at = RecordPosition(self._settings.topic_prefix + first.topic, first.partition, offset)
            acknowledged.append((at, indexes))
        return _positions(acknowledged, len(records))

    def _send_together(self, records: Sequence[OutgoingRecord]) -> Future:
        first, keyed = records[0], [(record.key, record.value) for record in records if record.key is not None]
        return self.send_batch(OutgoingBatch(first.topic, first.partition, keyed)) if keyed else self.send(first)

    def send(self, record: OutgoingRecord) -> Future:
        """Hands a record to the producer; the future resolves with its acknowledgement. Raises KafkaError without a broker."""
        return self._open().send(
            self._settings.topic_prefix + record.topic,
            key=record.key,
            value=record.value,
            partition=record.partition,
            timestamp_ms=self._clock.now_ms(),
        )

    def send_batch(self, batch: OutgoingBatch) -> Future:
        """Hands records to the producer as one batch; the future resolves once all are acknowledged. Raises as `send` does."""
        target = TopicPartition(self._settings.topic_prefix + batch.topic, batch.partition)
        return enqueue_batch(self._open(), target, batch.records, self._clock.now_ms())

    def discard(self) -> None:
        """Drops the producer without waiting for its records; the next record opens another."""
        with self._lock:
            failed, self.current = self.current, None
        if failed is not None:
            discard(failed)

    def close(self, timeout_s: float = 2.0) -> None:
        """Sends what the producer holds, then closes it."""
        if self.current is not None:
            self.current.close(timeout=timeout_s)

    def _open(self) -> KafkaProducer:
        with self._lock:
            if self.current is None:
                self.current = create_producer(self._settings, delivery_timeout_ms=self._delivery_timeout_ms)
            return self.current


def _positions(batches: Sequence[tuple[RecordPosition, Sequence[int]]], count: int) -> Iterator[RecordPosition]:
    """The positions of so many records, in their order; made when they are read, since few callers do.

    `batches` has for each batch the position of its first record, and the numbers of its records.
    """
    positions = {
        number: first._replace(offset=first.offset + place)
        for first, numbers in batches
        for place, number in enumerate(numbers)
    }
    yield from (positions[number] for number in range(count))


def _offset(future: Future, timeout_s: float) -> int:
    """The offset of a record, or of the first one of a batch, once it is acknowledged.

    Raises what the future fails with, and KafkaTimeoutError if it is not resolved in time.
    """
    resolved = Event()
    future.add_both(lambda _: resolved.set())
    if not resolved.wait(timeout_s):
        raise KafkaTimeoutError(f"not acknowledged within {timeout_s:g} s")
    if future.failed():
        raise future.exception
    return int(future.value if isinstance(future.value, int) else future.value.offset)


def _batches(records: Sequence[OutgoingRecord]) -> Iterator[list[int]]:
    """The numbers of the records that are sent together: of one partition, with keys, in their order, at most MAX_RECORD_BYTES."""
    gathering: dict[tuple[str, int], list[int]] = {}
    sizes: dict[tuple[str, int], int] = {}
    for index, record in enumerate(records):
        if record.key is None:
            yield [index]
            continue
        target, size = (record.topic, record.partition), len(record.key) + len(record.value or b"") + _RECORD_OVERHEAD
        if sizes.get(target, 0) + size > MAX_RECORD_BYTES and target in gathering:
            yield gathering.pop(target)
            sizes[target] = 0
        gathering.setdefault(target, []).append(index)
        sizes[target] = sizes.get(target, 0) + size
    yield from gathering.values()
