"""How far the folds are: fences in Redis against the ends of their topics. For readiness, the demo and the tests."""

from collections.abc import Iterable
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition
from redis import Redis

from referral.config import Settings
from referral.fold import fence as fences
from referral.fold.state_store import RedisStateStore
from referral.log.topic_admin import partition_count
from referral.topics import TOPICS


class FoldSource(NamedTuple):
    """A fold by its names: service, its own, and its source topic's."""

    service: str
    fold: str
    source: str


FOLDS = (
    FoldSource("ct", "attribute", "events"),
    FoldSource("ct", "screen", "attributions"),
    FoldSource("rd", "decide", "conversions"),
    FoldSource("rd", "ledger", "rewards"),
    FoldSource("lb", "boards", "conversions"),
    FoldSource("lb", "growth", "attributions"),
    FoldSource("lb", "activity", "events"),
)


def lag_by_fold(
    settings: Settings, consumer: KafkaConsumer, redis: Redis, folds: Iterable[FoldSource] = FOLDS
) -> dict[str, int]:
    """How many records each fold has not folded yet. `consumer` is any client of the broker, subscribed to nothing."""
    return {one.fold: _lag(settings, consumer, redis, one) for one in folds}


def _lag(settings: Settings, consumer: KafkaConsumer, redis: Redis, one: FoldSource) -> int:
    count = partition_count(TOPICS[one.source], settings)
    places = [TopicPartition(settings.topic_prefix + one.source, number) for number in range(count)]
    # Fences before ends: a fold that reads what it writes may else be seen between a record and what it led to.
    seen = RedisStateStore(redis, one.service, one.fold).fences(range(count))
    ends = consumer.end_offsets(places, timeout_ms=10_000)
    return sum(ends[place] - 1 - fences.decode(seen[place.partition]).offset for place in places)
