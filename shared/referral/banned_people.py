"""Whether a person is banned, for pages that would otherwise promise rewards."""

from redis.exceptions import RedisError

from referral.bans import BANS_FOLD, BANS_SERVICE, ban_board
from referral.events.keys import person_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of


class BannedPeople:
    """Reads the list that the attribute fold keeps. Thread-safe."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def is_banned(self, program: str, person: str) -> bool:
        """Whether a person is banned from a program; False while Redis is unavailable: the page is shown all the same."""
        partition = partition_of(person_key(program, person), self._partitions)
        key = state_key(BANS_SERVICE, BANS_FOLD, partition, ban_board(program))
        try:
            return self._redis.zscore(key, person) is not None
        except RedisError:
            return False
