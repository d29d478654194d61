"""When erasures are followed up, in Redis: a sorted set of person ids by the time at which they are due.

Twice: soon, to remove what an interrupted erasure left, and records that a process wrote which had not seen it yet; and once a
segment of `people` no longer takes records, because the active segment is never compacted and is closed by the next record. If
Redis loses the set, a repeated erasure schedules both again, and the next record of any other person on the partition closes the
segment as well.
"""

import time
from typing import Literal, NamedTuple

from referral.config import Settings
from referral.log.retention import roll_after_ms
from referral.redis_client import RedisClient

KEY = "li:erasures"
LATE_RECORDS_MS = 30_000
"""Longer than a process may work with a directory that has not seen the erasure (5 s), and wait for Kafka with what it wrote."""
_MARGIN_MS = 1_000
_MOST_AT_ONCE = 100

Stage = Literal["late", "compaction"]


class Removal(NamedTuple):
    """The person id that an erasure ends, the first id, under which the erasure is recorded, and its number."""

    person: str
    first: str
    epoch: int


class FollowUp(NamedTuple):
    """One that is due."""

    stage: Stage
    removal: Removal


class FollowUpSchedule:
    """The schedule of all processes. Methods raise RedisError."""

    def __init__(self, redis: RedisClient, settings: Settings) -> None:
        self._redis = redis
        self._roll_ms = roll_after_ms(settings.erase_within_s)

    def add(self, removal: Removal) -> None:
        """Schedules both follow-ups of an erasure, from now on; later ones if they are scheduled already."""
        self._redis.zadd(
            KEY,
            {
                _member(FollowUp("late", removal)): _now_ms() + min(LATE_RECORDS_MS, self._roll_ms),
                _member(FollowUp("compaction", removal)): _now_ms() + self._roll_ms + _MARGIN_MS,
            },
        )

    def due(self) -> list[FollowUp]:
        """The follow-ups that are due, the earliest first; at most 100."""
        members = self._redis.zrangebyscore(KEY, "-inf", _now_ms(), start=0, num=_MOST_AT_ONCE)
        return [_follow_up(member) for member in members if isinstance(member, bytes)]

    def remove(self, follow_up: FollowUp) -> None:
        """Removes one that is done."""
        self._redis.zrem(KEY, _member(follow_up))


def _member(follow_up: FollowUp) -> str:
    return " ".join((follow_up.stage, *map(str, follow_up.removal)))


def _follow_up(member: bytes) -> FollowUp:
    stage, person, first, epoch = member.decode().split(" ")
    return FollowUp("late" if stage == "late" else "compaction", Removal(person, first, int(epoch)))


def _now_ms() -> int:
    """The real time, not the simulation's: the broker closes segments by it."""
    return time.time_ns() // 1_000_000
