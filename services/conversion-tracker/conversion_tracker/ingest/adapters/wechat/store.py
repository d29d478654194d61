"""What is remembered about callbacks for ten minutes, in Redis: which content a signature came with, and the order of arrival."""

from redis import Redis
from redis.exceptions import RedisError

from conversion_tracker.ingest.adapters.wechat.callback import TOLERANCE_S

_KEPT_S = 2 * TOLERANCE_S  # a timestamp is valid for TOLERANCE_S before and after


class CallbackStore:
    """Signatures and arrivals, shared by all processes. Without Redis nothing is remembered, and no callback is refused for it."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    def bind_signature(self, signature: str, digest: bytes) -> bool:
        """Binds a signature to the content that it first came with; returns whether `digest` is that content."""
        key = f"http:wechat:{signature}"
        try:
            bound = digest if self._redis.set(key, digest, nx=True, ex=_KEPT_S) else self._redis.get(key)
        except RedisError:
            return True
        return bound in (None, digest)

    def arrival_number(self, program: str, person: str, second: int, event: str) -> int | None:
        """The place of an event (0 for the first) among a person's events of one second, in the order of their arrival.

        A repeated event keeps its place. None if Redis is unavailable.
        """
        key = f"http:wechat:second:{program}|{person}|{second}"
        try:
            with self._redis.pipeline() as pipeline:
                pipeline.hincrby(key, "", 1)
                pipeline.expire(key, _KEPT_S)
                number = pipeline.execute()[0]
                pipeline.hsetnx(key, event, number)
                pipeline.hget(key, event)
                place = pipeline.execute()[1]
        except RedisError:
            return None
        return int(place or number) - 1
