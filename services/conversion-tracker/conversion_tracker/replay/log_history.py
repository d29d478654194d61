"""The recorded past: topics read from their beginning to an end that is fixed, by a client of its own that joins no group."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Protocol, Self

from kafka import KafkaConsumer, TopicPartition

from referral.config import Settings
from referral.fold import fence as fences
from referral.fold.state_store import RedisStateStore
from referral.log.connection import create_consumer
from referral.log.source import Record
from referral.log.topic_admin import partition_count
from referral.redis_client import connect_for_folds
from referral.topics import Topic

Offsets = Mapping[int, int]
_POLL_MS = 200
_MAX_RECORDS = 5_000
_ENDS_TIMEOUT_MS = 10_000


class LogHistory(Protocol):
    """What a replay reads. Nothing of it is written."""

    def ends(self, topic: Topic) -> Offsets:
        """The offset that the next record of each partition will get."""

    def folded_up_to(self, fold: str) -> Offsets:
        """The offset of each partition's last record of which a live fold of this service has said all there is to say."""

    def records(self, topic: Topic, ends: Offsets) -> Iterator[Mapping[int, list[Record]]]:
        """The records below `ends`, those of a partition in order; now and then nothing, while more is awaited."""


class KafkaLogHistory:
    """The past on the broker, and the fences in Redis."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: KafkaConsumer = create_consumer(settings)
        self._redis = connect_for_folds(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close(autocommit=False, timeout_ms=1000)
        self._redis.close()

    def ends(self, topic: Topic) -> Offsets:
        """As the broker knows them now. Raises KafkaTimeoutError where it does not answer."""
        found = self._consumer.end_offsets(self._partitions(topic), timeout_ms=_ENDS_TIMEOUT_MS)
        return {place.partition: end for place, end in found.items()}

    def folded_up_to(self, fold: str) -> Offsets:
        """By the fences: they move only once everything that was said is on the log."""
        numbers = range(self._settings.partitions)
        seen = RedisStateStore(self._redis, "ct", fold).fences(numbers)
        return {number: fences.decode(raw).offset for number, raw in seen.items()}

    def records(self, topic: Topic, ends: Offsets) -> Iterator[Mapping[int, list[Record]]]:
        """What the broker gives, as it comes."""
        places = self._partitions(topic)
        self._consumer.assign(places)
        self._consumer.seek_to_beginning(*places)
        while any(self._consumer.position(place) < ends[place.partition] for place in places):
            polled = self._consumer.poll(timeout_ms=_POLL_MS, max_records=_MAX_RECORDS)
            yield {
                place.partition: [
                    Record(one.offset, one.timestamp, one.value or b"")
                    for one in records
                    if one.offset < ends[place.partition]
                ]
                for place, records in polled.items()
            }

    def _partitions(self, topic: Topic) -> list[TopicPartition]:
        name = self._settings.topic_prefix + topic.name
        return [TopicPartition(name, number) for number in range(partition_count(topic, self._settings))]
