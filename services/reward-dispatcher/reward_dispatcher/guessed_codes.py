"""Who has sent so many wrong codes that none of theirs is looked up: for the home view of the console, for a day."""

from typing import NamedTuple

from redis.exceptions import RedisError

from referral.events.timestamps import DAY_MS
from referral.redis_client import RedisClient

_KEY = "rd:guessed-codes"
_MOST = 100


class Guesser(NamedTuple):
    """The id of an API key or operator, and when they were last refused (ms)."""

    caller: str
    at_ms: int


class GuessedCodes:
    """A sorted set in Redis. Thread-safe."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def record(self, caller: str, now_ms: int) -> None:
        """Records a refusal. Redis may be down: the refusal matters more, and is in the metrics and the log as well."""
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.zadd(_KEY, {caller: now_ms})
                pipeline.zremrangebyrank(_KEY, 0, -_MOST - 1)
                pipeline.pexpire(_KEY, DAY_MS)
                pipeline.execute()
        except RedisError:
            return

    def callers(self, now_ms: int) -> list[Guesser]:
        """Those of the last day, the latest first. Raises redis's errors."""
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zrange(
                _KEY, "+inf", now_ms - DAY_MS, desc=True, byscore=True, offset=0, num=_MOST, withscores=True
            )
            [found] = pipeline.execute()
        return [Guesser(caller.decode(), int(at_ms)) for caller, at_ms in found]
