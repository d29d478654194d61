"""Reads the network of referrals that the fold growth keeps, in both directions."""

from collections.abc import Sequence

import msgspec

from leaderboard.folds import state_keys
from referral.events.keys import participant_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline
from referral.topics import partition_of

_VALID = 1, "+inf"  # scores of referees whose referral is not refused
_decode_upline = msgspec.msgpack.Decoder(dict[str, str]).decode


class NetworkStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def referees(self, program: str, person: str, most: int) -> list[str]:
        """Returns the referees of a person who follow, at most so many, the earliest first."""
        return self.referees_of(program, [person], most)[0]

    def referees_of(self, program: str, people: Sequence[str], most: int) -> list[list[str]]:
        """Returns the same for each of these people, in one round trip."""
        keys = (self._key(program, person, state_keys.referees(program, person)) for person in people)
        found = run_pipeline(self._redis, (("ZRANGE", key, *_VALID, "BYSCORE", "LIMIT", 0, most) for key in keys))
        return [[one.decode() for one in referees] for referees in found]

    def timed_referees_of(self, program: str, people: Sequence[str], most: int) -> list[list[tuple[str, int]]]:
        """Returns the same, each with the second of their follow."""
        keys = (self._key(program, person, state_keys.referees(program, person)) for person in people)
        found = run_pipeline(
            self._redis, (("ZRANGE", key, *_VALID, "BYSCORE", "LIMIT", 0, most, "WITHSCORES") for key in keys)
        )
        return [[(one.decode(), int(second)) for one, second in referees] for referees in found]

    def referrer(self, program: str, person: str) -> str | None:
        """Returns the referrer of a person; None without one, or if the referral is refused."""
        raw = self._redis.get(self._key(program, person, state_keys.upline(program, person)))
        referrers = list(_decode_upline(raw).values()) if isinstance(raw, bytes) else []
        seconds = run_pipeline(
            self._redis,
            (("ZSCORE", self._key(program, one, state_keys.referees(program, one)), person) for one in referrers),
        )
        valid = [(second, one) for second, one in zip(seconds, referrers, strict=True) if second and second > 0]
        return max(valid)[1] if valid else None

    def _key(self, program: str, person: str, key: str) -> str:
        partition = partition_of(participant_key(program, person), self._partitions)
        return state_key(state_keys.SERVICE, state_keys.GROWTH, partition, key)
