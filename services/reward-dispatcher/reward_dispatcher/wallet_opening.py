"""Which browser a link to a wallet belongs to: the first one that opened it.

Redis has, until the link expires, the SHA-256 of a random text that this browser keeps in a cookie. It is not rebuilt: if Redis is
emptied, a link can be opened once more, within its time.
"""

import hashlib
import secrets

from referral.redis_client import RedisClient
from referral.tokens import WalletToken


def new_browser() -> str:
    """Returns what a browser keeps, so that it can open its link again: 128 random bits."""
    return secrets.token_urlsafe(16)


class WalletOpenings:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def open(self, link: WalletToken, browser: str, now_ms: int) -> bool:
        """Whether this browser may open the link: it is the first one, or was the first one before."""
        key, digest = _key(link), _digest(browser)
        if self._redis.set(key, digest, nx=True, px=max(1, link.link_expires_ms - now_ms)):
            return True
        return bool(self._redis.get(key) == digest)

    def is_taken(self, link: WalletToken, browser: str | None) -> bool:
        """Whether another browser has opened the link. Changes nothing."""
        found = self._redis.get(_key(link))
        return found is not None and (browser is None or found != _digest(browser))


def _key(link: WalletToken) -> str:
    return f"rd:opened:{link.id}"


def _digest(browser: str) -> bytes:
    return hashlib.sha256(browser.encode()).digest()
