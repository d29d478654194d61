"""What is remembered about callbacks for ten minutes, in Redis: which content a signature came with, and the order of arrival."""

from contextlib import suppress

from redis.exceptions import RedisError

from conversion_tracker.ingest.adapters.wechat.callback import TOLERANCE_S
from referral.redis_client import RedisClient

_REPLY_KEPT_S = 60
_KEPT_S = 2 * TOLERANCE_S  # a timestamp is valid for TOLERANCE_S before and after
# The place of an event in a hash of events; the field with the empty name counts them.
_PLACE = """
local place = redis.call('HGET', KEYS[1], ARGV[1])
if not place then
  place = redis.call('HINCRBY', KEYS[1], '', 1)
  redis.call('HSET', KEYS[1], ARGV[1], place)
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return tonumber(place)
"""


class CallbackStore:
    """Signatures and arrivals, shared by all processes. Without Redis nothing is remembered, and no callback is refused for it."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._place = redis.register_script(_PLACE)

    def bind_signature(self, signature: str, digest: bytes) -> bool:
        """Binds a signature to the content that it first came with; returns whether `digest` is that content."""
        key = f"http:wechat:{signature}"
        try:
            bound = digest if self._redis.set(key, digest, nx=True, ex=_KEPT_S) else self._redis.get(key)
        except RedisError:
            return True
        return bound in (None, digest)

    def reply(self, callback: str) -> bytes | None:
        """The reply that a callback got before; None if it is new, or Redis is unavailable."""
        try:
            found = self._redis.get(f"http:wechat:reply:{callback}")
        except RedisError:
            return None
        return found if isinstance(found, bytes) else None

    def keep_reply(self, callback: str, sealed: str) -> None:
        """Keeps a reply for repetitions of its callback, which come within half a minute."""
        with suppress(RedisError):
            self._redis.set(f"http:wechat:reply:{callback}", sealed, ex=_REPLY_KEPT_S)

    def arrival_number(self, program: str, person: str, second: int, event: str) -> int | None:
        """The place of an event (0 for the first) among a person's events of one second, in the order of their arrival.

        A repeated event keeps its place. None if Redis is unavailable.
        """
        key = f"http:wechat:second:{program}|{person}|{second}"
        try:
            return int(self._place([key], [event, _KEPT_S])) - 1
        except RedisError:
            return None
