"""Rate limits: of management routes by API key or address, and of what costs more than a request, by address.

Counts are stored by the `limits` library. flask-limiter is not used: it hooks into every request, those of the fast paths too.
Windows are fixed and start at multiples of their length, so a request costs one increment.
"""

import hashlib
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple, TypeVar

from flask import Request, Response, g
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from redis import Redis
from redis.exceptions import RedisError

from referral.config import Settings
from referral.http.bearer_token import bearer_secret, secret_digest
from referral.http.client_network import client_network
from referral.http.problems import Problem

View = TypeVar("View", bound=Callable[..., object])

Cost = Literal["request", "miss", "picture", "explanation"]
"""What is limited: requests of management routes, look-ups without a result, pictures that are drawn, and explanations."""

_REDIS_RETRY_S = 1.0  # how long to count locally after Redis did not respond
_REMEDIES: dict[Cost, str] = {
    "request": "Wait for `Retry-After` seconds, or send batches.",
    "miss": "Too many look-ups that found nothing: check the codes and ids, and wait for `Retry-After` seconds.",
    "picture": "Wait for `Retry-After` seconds; a picture that was drawn before is not counted.",
    "explanation": "Each explanation reads the log: wait for `Retry-After` seconds.",
}


def without_rate_limit(view: View) -> View:
    """Marks a view as fast path: no rate limit, and no log line for a successful request."""
    view.__dict__["_without_rate_limit"] = True
    return view


class _RateLimit(NamedTuple):
    """A caller's limit and rest of the current window: requests, and seconds until the next window."""

    amount: int
    remaining: int
    reset_s: int


class RateLimiter:
    """Counts what callers do in Redis; per process while Redis is unavailable."""

    def __init__(self, settings: Settings, redis: "Redis", is_known_key: Callable[[str], bool]) -> None:
        """`is_known_key` takes a key's digest: requests with an unknown key are counted for their address."""
        self._is_known_key = is_known_key
        self._limits: dict[Cost, RateLimitItem] = {
            "request": parse(settings.rate_limit),
            "miss": parse(settings.miss_limit),
            "picture": parse(settings.picture_limit),
            "explanation": parse(settings.explanation_limit),
        }
        self._shared = RedisStorage(settings.redis, connection_pool=redis.connection_pool, key_prefix="http:limit")
        self._local = MemoryStorage()
        self._local_until = 0.0
        self._hash = partial(
            hashlib.blake2b,
            key=hashlib.blake2b(settings.key_ring().newest("tokens").value.encode(), person=b"rate limit").digest(),
            digest_size=12,
        )

    def count(self, request: Request) -> None:
        """Counts a request. Raises Problem 429 if its caller has exceeded the limit."""
        g.rate_limit = self._count("request", self._caller(request))

    def count_miss(self, request: Request) -> None:
        """Counts a look-up that finds nothing, once per request. Raises Problem 429 if its address has had too many.

        For a caller with an API key it counts as a request, on fast paths too: platforms look up people who are not enrolled yet.
        """
        if "miss_counted" in g:
            return
        g.miss_counted = True
        if not self.has_known_key(request):
            self._count("miss", _address(request))
        elif "rate_limit" not in g:
            self.count(request)

    def count_picture(self, request: Request) -> None:
        """Counts a picture that has to be drawn. Raises Problem 429 if its caller has had too many."""
        self._count("picture", self._caller(request))

    def count_explanation(self, request: Request) -> None:
        """Counts an explanation, which reads the log. Raises Problem 429 if its caller has had too many."""
        self._count("explanation", self._caller(request))

    def has_known_key(self, request: Request) -> bool:
        """Returns whether a request has an API key that is in the catalog's view and not revoked, of any scope."""
        return self._known_secret(request) is not None

    def add_headers(self, response: Response) -> None:
        """Adds the limit, the remaining requests and the seconds until the reset to a response."""
        if "rate_limit" in g:
            response.headers["X-RateLimit-Limit"] = str(g.rate_limit.amount)
            response.headers["X-RateLimit-Remaining"] = str(g.rate_limit.remaining)
            response.headers["X-RateLimit-Reset"] = str(g.rate_limit.reset_s)

    def _count(self, cost: Cost, caller: str) -> _RateLimit:
        # Real time, not the simulation's: the limit protects the machine.
        limit = self._limits[cost]
        window, elapsed = divmod(time.time(), limit.get_expiry())
        name = () if cost == "request" else (cost,)
        count = self._increment(limit.key_for(*name, self._hash(caller.encode()).hexdigest(), int(window)), limit)
        rest = _RateLimit(limit.amount, max(0, limit.amount - count), math.ceil(limit.get_expiry() - elapsed))
        if count > limit.amount:
            g.rate_limit = rest
            detail = f"Rate limit exceeded: {limit} per caller. {_REMEDIES[cost]}"
            raise Problem(429, "rate_limited", detail, headers={"Retry-After": str(rest.reset_s)})
        return rest

    def _increment(self, key: str, limit: RateLimitItem) -> int:
        if time.monotonic() >= self._local_until:
            try:
                return self._shared.incr(key, limit.get_expiry())
            except RedisError:
                self._local_until = time.monotonic() + _REDIS_RETRY_S
        return self._local.incr(key, limit.get_expiry())

    def _caller(self, request: Request) -> str:
        """The API key if it is valid, otherwise the address. It is stored as a keyed hash: addresses could be guessed otherwise."""
        return self._known_secret(request) or _address(request)

    def _known_secret(self, request: Request) -> str | None:
        secret = bearer_secret(request)
        return secret if secret is not None and self._is_known_key(secret_digest(secret)) else None


def _address(request: Request) -> str:
    return client_network(request.remote_addr or "unknown")
