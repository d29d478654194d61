"""Rate limits of the management routes, by API key or address. Fast paths are limited by lines in flight instead.

Counts are stored by the `limits` library. flask-limiter is not used: it hooks into every request, those of the fast paths too.
Windows are fixed and start at multiples of their length, so a request costs one increment.
"""

import hashlib
import math
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from flask import Request, Response, g
from limits import parse
from limits.storage import MemoryStorage, RedisStorage
from redis import Redis
from redis.exceptions import RedisError

from referral.config import Settings
from referral.http.bearer_token import bearer_secret, secret_digest
from referral.http.problems import Problem

View = TypeVar("View", bound=Callable[..., object])

_REDIS_RETRY_S = 1.0  # how long to count locally after Redis did not respond


def without_rate_limit(view: View) -> View:
    """Marks a view as fast path: no rate limit, and no log line for a successful request."""
    view.__dict__["_without_rate_limit"] = True
    return view


class _RateLimit(NamedTuple):
    """A caller's rest of the current window: requests, and seconds until the next window."""

    remaining: int
    reset_s: int


class RateLimiter:
    """Counts requests per caller in Redis; per process while Redis is unavailable."""

    def __init__(self, settings: Settings, redis: "Redis", is_known_key: Callable[[str], bool]) -> None:
        """`is_known_key` takes a key's digest: requests with an unknown key are counted for their address."""
        self._is_known_key = is_known_key
        self._limit = parse(settings.rate_limit)
        self._shared = RedisStorage(settings.redis, connection_pool=redis.connection_pool, key_prefix="http:limit")
        self._local = MemoryStorage()
        self._local_until = 0.0
        self._salt = hashlib.blake2b(settings.key_ring().newest("tokens").value.encode(), person=b"rate limit").digest()

    def count(self, request: Request) -> None:
        """Counts a request. Raises Problem 429 if its caller has exceeded the limit."""
        # Real time, not the simulation's: the limit protects the machine.
        window, elapsed = divmod(time.time(), self._limit.get_expiry())
        count = self._increment(self._limit.key_for(self._caller(request), int(window)))
        g.rate_limit = _RateLimit(max(0, self._limit.amount - count), math.ceil(self._limit.get_expiry() - elapsed))
        if count > self._limit.amount:
            detail = f"Rate limit exceeded: {self._limit} per caller. Wait for `Retry-After` seconds, or send batches."
            raise Problem(429, "rate_limited", detail, headers={"Retry-After": str(g.rate_limit.reset_s)})

    def add_headers(self, response: Response) -> None:
        """Adds the limit, the remaining requests and the seconds until the reset to a response."""
        if "rate_limit" in g:
            response.headers["X-RateLimit-Limit"] = str(self._limit.amount)
            response.headers["X-RateLimit-Remaining"] = str(g.rate_limit.remaining)
            response.headers["X-RateLimit-Reset"] = str(g.rate_limit.reset_s)

    def _increment(self, key: str) -> int:
        if time.monotonic() >= self._local_until:
            try:
                return self._shared.incr(key, self._limit.get_expiry())
            except RedisError:
                self._local_until = time.monotonic() + _REDIS_RETRY_S
        return self._local.incr(key, self._limit.get_expiry())

    def _caller(self, request: Request) -> str:
        """The salted hash of the key or the address: without a salt an address could be guessed from its hash."""
        secret = bearer_secret(request)
        known = secret is not None and self._is_known_key(secret_digest(secret))
        caller = secret if secret and known else request.remote_addr or "unknown"
        return hashlib.blake2b(caller.encode(), key=self._salt, digest_size=12).hexdigest()
