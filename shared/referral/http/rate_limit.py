"""Rate limits: of management routes by API key or address, and of what costs more than a request, by address.

The `limits` library reads limits, and counts while Redis is unavailable.
flask-limiter is not used: it hooks into every request, those of the fast paths too.
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
from limits.storage import MemoryStorage
from redis.exceptions import RedisError

from referral.config import Settings
from referral.http.bearer_token import bearer_secret, secret_digest
from referral.http.client_network import client_network
from referral.http.problems import Problem
from referral.redis_client import RedisClient
from referral.redis_pipeline import ExpiringCounters

View = TypeVar("View", bound=Callable[..., object])

Cost = Literal["request", "miss", "wrong_code", "picture", "explanation", "sign_in"]
"""What is limited: requests of management routes, look-ups without a result, wrong discount codes, pictures that are drawn,
explanations, and attempts to sign in to the console."""

_SHOPPERS_OF_A_KEY = 10  # a key as a whole may look up so many times the wrong codes of one shopper
_REDIS_RETRY_S = 1.0  # how long to count locally after Redis did not respond
_REMEDIES: dict[Cost, str] = {
    "request": "Wait for `Retry-After` seconds, or send batches.",
    "miss": "Too many look-ups that found nothing: check the codes and ids, and wait for `Retry-After` seconds.",
    "wrong_code": "Too many wrong codes: no code is looked up for `Retry-After` seconds, right ones neither.",
    "picture": "Wait for `Retry-After` seconds; a picture that was drawn before is not counted.",
    "explanation": "Each explanation reads the log: wait for `Retry-After` seconds.",
    "sign_in": "Too many attempts to sign in: wait for `Retry-After` seconds.",
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


class _Window(NamedTuple):
    """A caller's counter in the current window, and the seconds until the next."""

    key: str
    rest_s: int


class RateLimiter:
    """Counts what callers do in Redis; per process while Redis is unavailable."""

    def __init__(self, settings: Settings, redis: RedisClient, is_known_key: Callable[[str], bool]) -> None:
        """`is_known_key` takes a key's digest: requests with an unknown key are counted for their address."""
        self._is_known_key = is_known_key
        self._limits: dict[Cost, RateLimitItem] = {
            "request": parse(settings.rate_limit),
            "miss": parse(settings.miss_limit),
            "wrong_code": parse(settings.wrong_code_limit),
            "picture": parse(settings.picture_limit),
            "explanation": parse(settings.explanation_limit),
            "sign_in": parse(settings.sign_in_limit),
        }
        self._shared = ExpiringCounters(redis)
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

    def check_wrong_codes(self, request: Request, client: str) -> None:
        """Raises Problem 429 if the caller, or this shopper of theirs, has had too many wrong codes: before a code is looked up.

        `client` is the shop's own name of the shopper; empty for all others of the key.
        """
        for caller, amount in self._code_callers(request, client):
            window = self._window("wrong_code", caller)
            if self._read(window.key) >= amount:
                raise self._exceeded("wrong_code", window, amount)

    def count_wrong_code(self, request: Request, client: str) -> None:
        """Counts a code that was not found, for the caller and for this shopper of theirs."""
        for caller, _ in self._code_callers(request, client):
            self._increment(self._window("wrong_code", caller).key, self._limits["wrong_code"])

    def _code_callers(self, request: Request, client: str) -> list[tuple[str, int]]:
        """Who is counted, and how many wrong codes each may send."""
        caller, amount = self._caller(request), self._limits["wrong_code"].amount
        return [(f"{caller}\x1f{client}", amount), (caller, amount * _SHOPPERS_OF_A_KEY)]

    def count_picture(self, request: Request) -> None:
        """Counts a picture that has to be drawn. Raises Problem 429 if its caller has had too many."""
        self._count("picture", self._caller(request))

    def count_explanation(self, request: Request) -> None:
        """Counts an explanation, which reads the log. Raises Problem 429 if its caller has had too many."""
        self._count("explanation", self._caller(request))

    def count_sign_in(self, request: Request, account: str) -> None:
        """Counts an attempt to sign in, for its address and for the account. Raises Problem 429 if either has had too many.

        `account` is a name, of an operator or not, and whether the browser is known: so attempts from elsewhere never lock out an
        operator in a browser that they have used.
        """
        self._count("sign_in", _address(request))
        self._count("sign_in", f"account {account}")

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
        limit, window = self._limits[cost], self._window(cost, caller)
        count = self._increment(window.key, limit)
        if count > limit.amount:
            raise self._exceeded(cost, window, limit.amount)
        return _RateLimit(limit.amount, limit.amount - count, window.rest_s)

    def _window(self, cost: Cost, caller: str) -> _Window:
        """The window of now. Real time, not the simulation's: the limit protects the machine."""
        limit = self._limits[cost]
        number, elapsed = divmod(time.time(), limit.get_expiry())
        name = () if cost == "request" else (cost,)
        key = limit.key_for(*name, self._hash(caller.encode()).hexdigest(), int(number))
        return _Window(key, math.ceil(limit.get_expiry() - elapsed))

    def _exceeded(self, cost: Cost, window: _Window, amount: int) -> Problem:
        g.rate_limit = _RateLimit(amount, 0, window.rest_s)
        detail = f"Rate limit exceeded: {self._limits[cost]} per caller. {_REMEDIES[cost]}"
        return Problem(429, "rate_limited", detail, headers={"Retry-After": str(window.rest_s)})

    def _read(self, key: str) -> int:
        if time.monotonic() >= self._local_until:
            try:
                return self._shared.read(f"http:limit:{key}")
            except RedisError:
                self._local_until = time.monotonic() + _REDIS_RETRY_S
        return self._local.get(key)

    def _increment(self, key: str, limit: RateLimitItem) -> int:
        if time.monotonic() >= self._local_until:
            try:
                return self._shared.count(f"http:limit:{key}", limit.get_expiry())
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
