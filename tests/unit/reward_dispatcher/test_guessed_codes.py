"""Who guesses codes is stored where the service may write: a refusal of Redis would go unnoticed."""

from contextlib import nullcontext
from fnmatch import fnmatchcase
from typing import cast

from referral.redis_acls import USERS
from referral.redis_client import RedisClient
from reward_dispatcher.guessed_codes import GuessedCodes


class KeyRecorder:
    """Stands for Redis and its pipeline: remembers the key of each command."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    def pipeline(self, *, transaction: bool) -> nullcontext["KeyRecorder"]:
        """Returns itself: no transaction, since other keys may be on other nodes."""
        assert not transaction
        return nullcontext(self)

    def zadd(self, key: str, _: object) -> None:
        """Remembers the key."""
        self.keys.add(key)

    def zremrangebyrank(self, key: str, *_: int) -> None:
        """Remembers the key."""
        self.keys.add(key)

    def pexpire(self, key: str, _: int) -> None:
        """Remembers the key."""
        self.keys.add(key)

    def execute(self) -> None:
        """Does nothing."""


def test_the_redis_user_of_the_service_may_write_the_key() -> None:
    """`record` passes over errors of Redis, also over one that says that the key is not permitted."""
    redis = KeyRecorder()
    GuessedCodes(cast("RedisClient", redis)).record("key_1", 1)
    [user] = [one for one in USERS if one.process == "reward-dispatcher"]
    [key] = redis.keys
    assert any(fnmatchcase(key, pattern) for pattern in user.writes)
