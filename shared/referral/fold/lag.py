"""Lag of the folds: their fences in Redis compared with the ends of their topics. For readiness, the demo and tests."""

from collections.abc import Iterable
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition

from referral.config import Settings
from referral.fold import fence as fences
from referral.fold.state_store import RedisStateStore
from referral.log.topic_admin import partition_count
from referral.redis_client import RedisClient
from referral.topics import TOPICS


class FoldSource(NamedTuple):
    """The names of a fold: its service, its own, and its source topic."""

    service: str
    fold: str
    source: str


FOLDS = (
    FoldSource("ct", "attribute", "events"),
    FoldSource("ct", "screen", "attributions"),
    FoldSource("rd", "decide", "conversions"),
    FoldSource("rd", "ledger", "rewards"),
    FoldSource("rd", "pools", "pools"),
    FoldSource("rd", "deliveries", "deliveries"),
    FoldSource("lb", "boards", "conversions"),
    FoldSource("lb", "growth", "attributions"),
    FoldSource("lb", "activity", "events"),
    FoldSource("lb", "closings", "standings"),
    FoldSource("rd", "prizes", "standings"),
    FoldSource("lb", "experiments", "standings"),
)


def lag_by_fold(
    settings: Settings, consumer: KafkaConsumer, redis: RedisClient, folds: Iterable[FoldSource] = FOLDS
) -> dict[str, int]:
    """How many records each fold has not folded yet. `consumer` is any client of the broker without a subscription."""
    return {source.fold: _lag(settings, consumer, redis, source) for source in folds}


def _lag(settings: Settings, consumer: KafkaConsumer, redis: RedisClient, source: FoldSource) -> int:
    count = partition_count(TOPICS[source.source], settings)
    partitions = [TopicPartition(settings.topic_prefix + source.source, number) for number in range(count)]
    # Fences before ends: otherwise a fold that writes to its own source could seem level between a record and its outputs.
    stored = RedisStateStore(redis, source.service, source.fold).fences(range(count))
    ends = consumer.end_offsets(partitions, timeout_ms=10_000)
    return sum(ends[one] - 1 - fences.decode(stored[one.partition]).offset for one in partitions)
