"""How far the ledger is: whether its state in Redis has all that was on the log at a time.

After a loss of Redis the state is rebuilt for some seconds. What is not found until then may exist, so the answer must not be that
it does not.
"""

from referral.fold import fence
from referral.fold.state_keys import fence_key
from referral.log.log_reader import Offsets
from referral.log.reader_pool import LogReaderPool
from referral.polling import becomes_true
from referral.redis_client import RedisClient
from referral.topics import REWARDS
from reward_dispatcher.folds import state_keys


class LedgerPosition:
    """Thread-safe. Raises LogUnavailable if Kafka does not answer, and redis's errors."""

    def __init__(self, readers: LogReaderPool, redis: RedisClient) -> None:
        self._readers = readers
        self._redis = redis

    def is_complete_within(self, seconds: float) -> bool:
        """Whether the state has, within this time, all that is on the log now."""
        with self._readers.borrow() as reader:
            ends = reader.ends(REWARDS)
        return becomes_true(lambda: self._has_reached(ends), seconds)

    def _has_reached(self, ends: Offsets) -> bool:
        partitions = [partition for partition, end in ends.items() if end]
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition in partitions:
                pipeline.get(fence_key(state_keys.SERVICE, state_keys.LEDGER, partition))
            fences = [fence.decode(raw) for raw in pipeline.execute()]
        return all(one.offset >= ends[partition] - 1 for partition, one in zip(partitions, fences, strict=True))
