"""Reads the catalog topic, and `people` for who shows it, into a view, from one thread: a fold's own loop, or the follower's.

Unlike `log_reader.py`, which reads a bounded part of the log, it follows a topic for as long as the process lives: its position
persists between calls, and a failed read resumes where it stopped.
"""

import time
from collections.abc import Mapping

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from referral.catalog.stored_entities import INVALID_RECORD, decode_entity
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.log.connection import create_consumer
from referral.log.errors import LogUnavailable
from referral.people.people_index import MemoryPeople
from referral.people.stored_people import decode_people_entity
from referral.topics import CATALOG, PEOPLE

log = structlog.get_logger()


class CatalogReader:
    """Follows the catalog topic from its beginning, and `people` if given. Opens its connections at the first read."""

    is_pushed = True

    def __init__(self, settings: Settings, view: Catalog, people: MemoryPeople | None = None) -> None:
        self.view = view
        self._follows_people = people is not None
        self.people = people or MemoryPeople()
        self._settings = settings
        self._partitions = [TopicPartition(settings.topic_prefix + CATALOG.name, 0)]
        if self._follows_people:
            topic = settings.topic_prefix + PEOPLE.name
            self._partitions += [TopicPartition(topic, number) for number in range(settings.partitions)]
        self._consumer: KafkaConsumer | None = None
        self._next_offsets: dict[TopicPartition, int] = {}
        self._end_consumer: KafkaConsumer | None = None
        self._complete_at = float("-inf")  # monotonic time as of which the view was last complete

    def poll(self, timeout: float = 0) -> int:
        """Applies the next records, waiting up to `timeout` seconds for the first. Returns how many there were.

        After an error the next poll uses a new consumer, as `KafkaSource` does.
        """
        try:
            batches = self._open_consumer().poll(timeout_ms=round(timeout * 1000), max_records=5000)
        except Exception:
            self._close_consumer()
            raise
        for partition, batch in batches.items():
            for record in batch:
                self._apply(record)
            self._next_offsets[partition] = batch[-1].offset + 1
        return sum(map(len, batches.values()))

    def _close_consumer(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=1000)

    def read_to_end(self, timeout: float) -> None:
        """Returns once every entity acknowledged before the call is in the view. Raises LogUnavailable."""
        called_at = time.monotonic()
        deadline = called_at + timeout
        try:
            ends = self._ends(timeout)
            while any(self._position(partition, deadline) < end for partition, end in ends.items()):
                self.poll(max(0.0, min(0.1, deadline - time.monotonic())))
        except Exception as error:
            raise LogUnavailable("the catalog", self._settings.kafka, f"{type(error).__name__}: {error}") from error
        self._complete_at = called_at

    def age(self) -> float:
        """Seconds since the view was last known to be complete; infinite before that."""
        return time.monotonic() - self._complete_at

    def close(self) -> None:
        """Closes the connections."""
        self._close_consumer()
        if self._end_consumer is not None:
            self._end_consumer.close(autocommit=False, timeout_ms=1000)

    def _ends(self, timeout: float) -> Mapping[TopicPartition, int]:
        """The next offsets, requested on a second connection: a broker answers the requests of a connection in order.

        On the fetching one it would wait behind a long poll (measured: 72 ms to read to the end, 24 on its own).
        """
        if self._end_consumer is None:
            self._end_consumer = create_consumer(self._settings, connect_timeout_ms=0)
        ends = self._end_consumer.end_offsets(self._partitions, timeout_ms=round(timeout * 1000))
        return {partition: int(end) for partition, end in ends.items()}

    def _position(self, partition: TopicPartition, deadline: float) -> int:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the end was not reached in time")
        return int(self._open_consumer().position(partition, timeout_ms=round(remaining * 1000)) or 0)

    def _open_consumer(self) -> KafkaConsumer:
        if self._consumer is None:
            self._consumer = create_consumer(self._settings, connect_timeout_ms=0)
            self._consumer.assign(self._partitions)
            self._consumer.seek_to_beginning(*self._partitions)
            for partition, offset in self._next_offsets.items():
                self._consumer.seek(partition, offset)
        return self._consumer

    def _apply(self, record: ConsumerRecord) -> None:
        try:
            if record.topic != self._partitions[0].topic:
                self._apply_person(record)
            elif record.value is not None:
                self.view.apply(decode_entity(record.value))
        except INVALID_RECORD as error:
            log.error("record skipped", topic=record.topic, offset=record.offset, error=str(error))

    def _apply_person(self, record: ConsumerRecord) -> None:
        if record.value is None:
            self.people.erase(bytes(record.key or b"").decode())
        else:
            self.people.apply(decode_people_entity(record.value))
