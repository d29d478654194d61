"""When each secret of an API key was last used: one sorted set in Redis, written at most every five minutes per secret and process.

A write repeats without harm and never goes back in time. It happens beside the request, in a thread of its own: a Redis that does
not respond delays no request, and costs no more than the display of the last use.
"""

import time
from collections.abc import Iterable
from threading import Thread

import structlog
from redis.exceptions import RedisError

from referral.events.entities import ApiKey
from referral.redis_client import RedisClient

KEY = "http:key-uses"
INTERVAL_S = 300.0

log = structlog.get_logger()


class KeyUses:
    """Records uses. Thread-safe; one per process."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._written: dict[str, float] = {}  # by digest: when it was last written, in real time

    def record(self, key: ApiKey, now_ms: int) -> None:
        """Records that a request with this secret was accepted at `now_ms`; returns at once."""
        # Real time, not the simulation's: the interval protects Redis.
        now, last = time.monotonic(), self._written.get(key.digest)
        if last is not None and now - last < INTERVAL_S:
            return
        self._written[key.digest] = now
        Thread(target=self._write, args=(key, now_ms), name="key-use", daemon=True).start()

    def _write(self, key: ApiKey, now_ms: int) -> None:
        try:
            self._redis.zadd(KEY, {_member(key): now_ms}, gt=True)
        except RedisError as error:
            log.warning("use of an API key not recorded", api_key=key.id, error=type(error).__name__)


def read_key_uses(redis: RedisClient, keys: Iterable[ApiKey]) -> dict[str, int]:
    """When the secrets were last used (ms), by digest; those never used are left out. Raises RedisError."""
    secrets = list(keys)
    scores = redis.zmscore(KEY, [_member(key) for key in secrets]) if secrets else []
    return {key.digest: int(score) for key, score in zip(secrets, scores, strict=True) if score is not None}


def _member(key: ApiKey) -> str:
    """The beginning of the digest: enough to tell secrets apart."""
    return key.digest[:16]
