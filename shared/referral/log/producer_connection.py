"""A Kafka producer's life, the same for every writer: opened at the first record, replaced after a failure, closed at the end."""

from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple

from kafka import KafkaProducer
from kafka.future import Future

from referral.clock import Clock
from referral.config import Settings
from referral.log.connection import create_producer, discard
from referral.log.errors import NotDurable


class OutgoingRecord(NamedTuple):
    """A record for a partition of a topic (its short name); `key` only where the topic is compacted."""

    topic: str
    partition: int
    value: bytes
    key: bytes | None = None


class ProducerConnection:
    """A producer for this system's topics. Opens at the first record, after any fork. Thread-safe."""

    def __init__(self, settings: Settings, clock: Clock, delivery_timeout_ms: int) -> None:
        self._settings = settings
        self._clock = clock
        self._delivery_timeout_ms = delivery_timeout_ms
        self._lock = Lock()
        self.current: KafkaProducer | None = None

    def deliver(self, records: Iterable[OutgoingRecord], ack_timeout_s: float) -> None:
        """Sends the records and returns once Kafka has acknowledged all, each within `ack_timeout_s`.

        Raises NotDurable; then some may have arrived, and the next record opens a new producer: the failed one may still
        hold records to send again.
        """
        try:
            for future in [self.send(record) for record in records]:
                future.get(timeout=ack_timeout_s)
        except Exception as error:
            self.discard()
            raise NotDurable(f"{type(error).__name__}: {error}") from error

    def send(self, record: OutgoingRecord) -> Future:
        """Hands a record to the producer; the future resolves with its acknowledgement. Raises KafkaError without a broker."""
        return self._open().send(
            self._settings.topic_prefix + record.topic,
            key=record.key,
            value=record.value,
            partition=record.partition,
            timestamp_ms=self._clock.now_ms(),
        )

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
