"""Who asks for a new link to their wallet: for the console, until an operator sends one, or for 30 days.

Redis has them. They are not rebuilt: if Redis is emptied, people have to ask once more.
"""

from typing import NamedTuple

from redis.exceptions import RedisError

from referral.events.timestamps import DAY_MS
from referral.redis_client import RedisClient

MOST = 1000
"""How many people of one program can wait."""
_KEPT_MS = 30 * DAY_MS


class LinkRequest(NamedTuple):
    """A person id, and since when they wait (ms)."""

    person: str
    at_ms: int


class LinkRequests:
    """A sorted set of each program. Thread-safe."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def record(self, program: str, person: str, now_ms: int) -> bool:
        """Whether the person waits now, since their first request; False if too many others do. Raises redis's errors."""
        key = _key(program)
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zremrangebyscore(key, 0, now_ms - _KEPT_MS)
            pipeline.zadd(key, {person: now_ms}, nx=True)
            pipeline.zremrangebyrank(key, MOST, -1)
            pipeline.pexpire(key, _KEPT_MS)
            pipeline.zscore(key, person)
            *_, since = pipeline.execute()
        return since is not None

    def oldest(self, program: str, now_ms: int, limit: int) -> list[LinkRequest]:
        """Those who wait, the longest first. Raises redis's errors."""
        found: list[tuple[bytes, float]] = self._redis.zrange(  # type: ignore[assignment] # with scores
            _key(program), f"({now_ms - _KEPT_MS}", "+inf", byscore=True, offset=0, num=limit, withscores=True
        )
        return [LinkRequest(person.decode(), int(at_ms)) for person, at_ms in found]

    def since_ms(self, program: str, person: str, now_ms: int) -> int | None:
        """Since when a person waits; None if they do not. Raises redis's errors."""
        score = self._redis.zscore(_key(program), person)
        return None if score is None or score <= now_ms - _KEPT_MS else int(score)

    def answer(self, program: str, person: str) -> None:
        """Ends the wait of a person who gets a link. While Redis is unavailable they stay listed: the link matters more."""
        try:
            self._redis.zrem(_key(program), person)
        except RedisError:
            return


def _key(program: str) -> str:
    return f"rd:link-requests:{program}"
