"""Sessions that ended early, and one-time codes that were used, in Redis.

Every method raises RedisError: without Redis no one gets in.
"""

from hashlib import blake2b

from referral.console.sessions import ABSOLUTE_S, Session
from referral.console.totp import DRIFT_STEPS, STEP_S
from referral.redis_client import RedisClient

_CODE_EXPIRES_S = (
    2 * DRIFT_STEPS + 1
) * STEP_S + STEP_S  # as long as a code could be valid, on clocks that differ by a step


class SessionStore:
    """Shared by all services: any of them may be requested with a session."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def end(self, session: Session) -> None:
        """Ends one session before its time."""
        self._redis.set(_key("ended", session.id), b"1", ex=ABSOLUTE_S)

    def was_ended(self, session: Session) -> bool:
        """Whether its operator ended the session."""
        return bool(self._redis.exists(_key("ended", session.id)))

    def use_code(self, operator: str, step: int) -> bool:
        """Whether a one-time code (by its step) is used for the first time."""
        return bool(self._redis.set(_key("code", f"{operator} {step}"), b"1", ex=_CODE_EXPIRES_S, nx=True))


def _key(kind: str, name: str) -> str:
    """A hash: who reads the keys of Redis learns no session."""
    return f"http:console:{kind}:{blake2b(name.encode(), digest_size=16).hexdigest()}"
