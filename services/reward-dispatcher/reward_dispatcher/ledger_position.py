"""How far the ledger is: whether its state in Redis has all that was on the log at a time.

After a loss of Redis the state is rebuilt for some seconds. What is not found until then may exist, so the answer must not be that
it does not.
"""

import time

from referral.fold import fence
from referral.fold.state_keys import fence_key
from referral.log.log_reader import Offsets
from referral.log.reader_pool import LogReaderPool
from referral.redis_client import RedisClient
from referral.topics import REWARDS
from reward_dispatcher.folds import state_keys

_PAUSE_S = 0.02


class LedgerPosition:
    """Thread-safe. Raises LogUnavailable if Kafka does not answer, and redis's errors."""

    def __init__(self, readers: LogReaderPool, redis: RedisClient) -> None:
        self._readers = readers
        self._redis = redis

    def is_complete_within(self, seconds: float) -> bool:
        """Whether the state has, within this time, all that is on the log now."""
        deadline = time.monotonic() + seconds
        with self._readers.borrow() as reader:
            ends = reader.ends(REWARDS)
        while not self._has_reached(ends):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_S)
        return True

    def _has_reached(self, ends: Offsets) -> bool:
        partitions = [partition for partition, end in ends.items() if end]
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition in partitions:
                pipeline.get(fence_key(state_keys.SERVICE, state_keys.LEDGER, partition))
            fences = [fence.decode(raw) for raw in pipeline.execute()]
        return all(one.offset >= ends[partition] - 1 for partition, one in zip(partitions, fences, strict=True))
