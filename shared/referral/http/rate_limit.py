"""Rate limits of the management routes, by API key or address. Hot paths are bounded by what is in flight instead.

The `limits` library stores the counts, without flask-limiter around it: that one hooks into every request, the hot ones too.
Windows are fixed and begin at whole multiples of their length, so one increment is all that a request costs.
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

_REDIS_RETRY_S = 1.0  # for so long Redis is not asked again after it did not answer


def unlimited(view: View) -> View:
    """A view on the hot path: no rate limit, no log line for what went well."""
    view.__dict__["_unlimited"] = True
    return view


class _Allowance(NamedTuple):
    """Where a caller stands: how many requests are left, and for how many seconds that holds."""

    left: int
    seconds: int


class RateLimiter:
    """Counts requests by caller, in Redis; while that is away, each process for itself."""

    def __init__(self, settings: Settings, redis: "Redis", known: Callable[[str], bool]) -> None:
        """`known` says whether a key's digest is a known one: a made-up key must not bring a fresh allowance."""
        self._known = known
        self._limit = parse(settings.rate_limit)
        self._shared = RedisStorage(settings.redis, connection_pool=redis.connection_pool, key_prefix="http:limit")
        self._local = MemoryStorage()
        self._local_until = 0.0
        self._salt = hashlib.blake2b(settings.signing_key.encode(), person=b"rate limit").digest()

    def count(self, request: Request) -> None:
        """Counts a request. Raises Problem 429 when its caller sent too many."""
        # The machine's own time, not the simulation's: what is bounded is the load on the machine.
        window, passed = divmod(time.time(), self._limit.get_expiry())
        count = self._increment(self._limit.key_for(self._caller(request), int(window)))
        g.standing = _Allowance(max(0, self._limit.amount - count), math.ceil(self._limit.get_expiry() - passed))
        if count > self._limit.amount:
            detail = (
                f"More than {self._limit} came from this caller. Wait as long as Retry-After says, or send batches."
            )
            raise Problem(429, "rate_limited", detail, headers={"Retry-After": str(g.standing.seconds)})

    def add_headers(self, response: Response) -> None:
        """Says in the answer's headers where its caller stands."""
        if "standing" in g:
            response.headers["X-RateLimit-Limit"] = str(self._limit.amount)
            response.headers["X-RateLimit-Remaining"] = str(g.standing.left)
            response.headers["X-RateLimit-Reset"] = str(g.standing.seconds)

    def _increment(self, key: str) -> int:
        if time.monotonic() >= self._local_until:
            try:
                return self._shared.incr(key, self._limit.get_expiry())
            except RedisError:
                self._local_until = time.monotonic() + _REDIS_RETRY_S
        return self._local.incr(key, self._limit.get_expiry())

    def _caller(self, request: Request) -> str:
        """The key's or the address's hash, salted: an address alone could be guessed from its hash."""
        secret = bearer_secret(request)
        who = secret if secret and self._known(secret_digest(secret)) else request.remote_addr or "unknown"
        return hashlib.blake2b(who.encode(), key=self._salt, digest_size=12).hexdigest()
