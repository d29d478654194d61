"""Reads the log on demand: for explanations, click corrections and replays; not for folding, which is `source.py`'s.

Every read is bounded: up to the end of the log as it was, and a broker that stops answering ends it with LogUnavailable.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from referral.config import Settings
from referral.log.connection import create_consumer
from referral.log.errors import LogUnavailable
from referral.log.source import Record
from referral.log.topic_admin import partition_count
from referral.topics import Topic

Offsets = Mapping[int, int]
"""An offset for each partition."""

_POLL_MS = 100
_MAX_POLL_RECORDS = 5_000
_MAX_REQUEST_S = 10.0


class LogReader(Protocol):
    """What explanations need of the log."""

    def record_at(self, topic: Topic, partition: int, offset: int) -> Record | None:
        """The record at an offset; None if the log has none there, or no longer. Raises LogUnavailable."""

    def records_since(self, topic: Topic, partition: int, since_ms: int) -> Iterator[Record]:
        """The records appended at or after `since_ms`, up to the end as it is now. Raises LogUnavailable."""

    def records_from(self, topic: Topic, partition: int, offset: int) -> Iterator[Record]:
        """The records from an offset on, up to the end as it is now. Raises LogUnavailable."""


class KafkaLogReader:
    """One Kafka client, for one thread at a time. Every method raises LogUnavailable.

    `connect_s` is how long to wait for a broker, `patience_s` how long for the next record (infinite: a replay outlasts a
    restart of the broker), `fetch_bytes` how much is fetched at once of each partition.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        connect_timeout_s: float = 0.0,
        record_timeout_s: float,
        fetch_bytes: int = 4 * 1024 * 1024,
    ) -> None:
        self._settings = settings
        self._record_timeout_s = record_timeout_s
        self._request_ms = round(min(record_timeout_s, _MAX_REQUEST_S) * 1000)
        with self._reporting("the log"):
            self._consumer: KafkaConsumer = create_consumer(
                settings, connect_timeout_ms=round(connect_timeout_s * 1000), fetch_bytes=fetch_bytes
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        with contextlib.suppress(KafkaError):
            self._consumer.close(autocommit=False, timeout_ms=500)

    def ends(self, topic: Topic) -> Offsets:
        """The offset that the next record of each partition will get."""
        partitions = [self._topic_partition(topic, number) for number in range(partition_count(topic, self._settings))]
        with self._reporting(f"the ends of `{self._name(topic)}`"):
            return {source.partition: end for source, end in self._ends(partitions).items()}

    def offsets_at(self, topic: Topic, since_ms: int, ends: Offsets) -> Offsets:
        """The offset of the first record appended at or after `since_ms` in each partition of `ends`; if none, its end."""
        requested = {self._topic_partition(topic, partition): max(0, since_ms) for partition in ends}
        with self._reporting(f"the offsets of `{self._name(topic)}` at {since_ms} ms"):
            first = self._consumer.offsets_for_times(requested, timeout_ms=self._request_ms)
        offsets = {source.partition: at.offset for source, at in first.items() if at is not None}
        return {**ends, **offsets}

    def records(self, topic: Topic, starts: Offsets, ends: Offsets) -> Iterator[Mapping[int, list[Record]]]:
        """The records from `starts` up to, not including, `ends`: those of each partition in order, a poll at a time.

        An empty mapping comes while more is awaited, so that the caller can stop.
        """
        start_offsets = {self._topic_partition(topic, partition): offset for partition, offset in starts.items()}
        end_offsets = {self._topic_partition(topic, partition): offset for partition, offset in ends.items()}
        with self._reporting(f"`{self._name(topic)}`"):
            for polled in self._polls(start_offsets, end_offsets):
                yield {
                    source.partition: [_record(one) for one in records if one.offset < end_offsets[source]]
                    for source, records in polled.items()
                }

    def record_at(self, topic: Topic, partition: int, offset: int) -> Record | None:
        """The record at an offset. If it is gone, Kafka starts at the next one there is, which is not returned."""
        record = next(self.records_from(topic, partition, offset), None) if offset >= 0 else None
        return record if record is not None and record.offset == offset else None

    def records_since(self, topic: Topic, partition: int, since_ms: int) -> Iterator[Record]:
        """The records appended at or after `since_ms`; nothing is fetched before the first is taken."""
        offset = self.offsets_at(topic, since_ms, {partition: -1})[partition]
        if offset >= 0:
            yield from self.records_from(topic, partition, offset)

    def records_from(self, topic: Topic, partition: int, offset: int) -> Iterator[Record]:
        """The records from an offset on, up to the end as it is at the first poll; if it is gone, from the next one there is."""
        source = self._topic_partition(topic, partition)
        with self._reporting(f"`{source.topic}`, partition {partition}, from offset {offset}"):
            for polled in self._polls({source: offset}):
                yield from map(_record, polled.get(source, ()))

    def _polls(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int] | None = None
    ) -> Iterator[Mapping[TopicPartition, list[ConsumerRecord]]]:
        """What the broker sends, poll by poll. Without `ends` (of one partition only), up to the end as of the first poll."""
        self._consumer.assign(list(starts))
        for source, offset in starts.items():
            self._consumer.seek(source, offset)
        latest = time.monotonic()
        while ends is None or any(self._consumer.position(source) < end for source, end in ends.items()):
            polled = self._consumer.poll(timeout_ms=_POLL_MS, max_records=_MAX_POLL_RECORDS if ends else None)
            latest = time.monotonic() if polled else latest
            if time.monotonic() - latest > self._record_timeout_s:
                raise TimeoutError(f"no record within {self._record_timeout_s:g} s")
            yield polled
            if ends is None:  # it comes with fetched records; only if there were none is it requested
                ends = {source: self._consumer.highwater(source) for source in polled} or self._ends(list(starts))

    def _ends(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = self._consumer.end_offsets(places, timeout_ms=self._request_ms)
        return ends

    def _name(self, topic: Topic) -> str:
        return self._settings.topic_prefix + topic.name

    def _topic_partition(self, topic: Topic, partition: int) -> TopicPartition:
        return TopicPartition(self._name(topic), partition)

    @contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        """Turns errors of the client into LogUnavailable."""
        try:
            yield
        except (KafkaError, TimeoutError) as error:
            raise LogUnavailable(what, self._settings.kafka, f"{type(error).__name__}: {error}") from error


def _record(fetched: ConsumerRecord) -> Record:
    return Record(fetched.offset, fetched.timestamp, fetched.value or b"")
