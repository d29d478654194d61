"""The recorded past that a replay reads: topics from their beginning to fixed ends, and how far the live folds have come."""

import math
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Protocol, Self

from referral.config import Settings
from referral.fold import fence as fences
from referral.fold.state_store import RedisStateStore
from referral.log.log_reader import KafkaLogReader, Offsets
from referral.log.source import Record
from referral.redis_client import connect_for_folds
from referral.topics import Topic

_CONNECT_S = 30.0


class LogHistory(Protocol):
    """What a replay reads. Nothing of it is written."""

    def ends(self, topic: Topic) -> Offsets:
        """Returns the offset of the next record of each partition."""

    def folded_up_to(self, fold: str) -> Offsets:
        """Returns, by partition, the offset of the last record that a live fold of this service has folded."""

    def records(self, topic: Topic, ends: Offsets) -> Iterator[Mapping[int, list[Record]]]:
        """Yields the records below `ends`, those of a partition in order; an empty mapping while waiting for more."""


class KafkaLogHistory:
    """The past on the broker, and the fences in Redis."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reader = KafkaLogReader(settings, connect_timeout_s=_CONNECT_S, record_timeout_s=math.inf)
        self._redis = connect_for_folds(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        self._redis.close()

    def ends(self, topic: Topic) -> Offsets:
        """As the broker knows them now. Raises LogUnavailable if it does not answer."""
        return self._reader.ends(topic)

    def folded_up_to(self, fold: str) -> Offsets:
        """From the fences: they advance only after every output line is durable."""
        numbers = range(self._settings.partitions)
        seen = RedisStateStore(self._redis, "ct", fold).fences(numbers)
        return {number: fences.decode(raw).offset for number, raw in seen.items()}

    def records(self, topic: Topic, ends: Offsets) -> Iterator[Mapping[int, list[Record]]]:
        """As the broker sends them. Raises LogUnavailable if it fails; a restart of the broker is waited for."""
        return self._reader.records(topic, dict.fromkeys(ends, 0), ends)
