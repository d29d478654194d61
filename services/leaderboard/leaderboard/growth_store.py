"""Reads the state of the folds growth and activity for the HTTP API, summed over all partitions.

Referrals of banned referrers are subtracted here: boards and rewards do not count them either.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from leaderboard.domain import activity, growth
from leaderboard.domain.activity import Activity, ActivityDays
from leaderboard.domain.day_buckets import buckets_of
from leaderboard.domain.growth import Growth, GrowthDays
from leaderboard.domain.periods import Window, days
from leaderboard.folds import state_keys
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient

_KEYS_OF_A_READ = 1_000
_ANY_BUCKET = 0
_decode_growth = msgspec.msgpack.Decoder(GrowthDays).decode
_decode_activity = msgspec.msgpack.Decoder(Activity | ActivityDays).decode


@dataclass(frozen=True, slots=True)
class GrowthFigures:
    """What happened in a period: current followers who began in it, activity, and posts published in it that exist.

    `excluded` are the followers whose referrer is banned; they are not part of `growth`.
    """

    growth: Growth
    excluded: Growth
    activity: Activity
    posts: int

    @property
    def followers(self) -> int:
        """All who follow: referred, discovered and excluded."""
        return self.growth.followers + self.excluded.followers

    @property
    def referral_share(self) -> float:
        """The share of followers who were referred, 0 to 1; 0 without followers."""
        return self.growth.attributed / self.followers if self.followers else 0.0


class GrowthStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = range(partitions)

    def read(self, program: str, window: Window, zone: str) -> GrowthFigures:
        """Returns the figures of a period: one round trip for all partitions, one more for all time, and one for bans."""
        buckets, activity_keys = self._buckets(program, window), _activity_keys(program, window)
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition in self._partitions:
                days_keys = [state_keys.days(program, bucket) for bucket in buckets[partition]]
                pipeline.mget(self._growth_keys(partition, days_keys))
                pipeline.mget(
                    [state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, key) for key in activity_keys]
                )
                posts = state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, state_keys.posts(program))
                pipeline.zcount(posts, window.start_s, f"({window.end_s}")
                [banned] = self._growth_keys(partition, [state_keys.banned_referrers(program)])
                pipeline.zrange(banned, 0, -1)
            results = pipeline.execute()
        wanted = None if window.kind == "all" else frozenset(days(window, zone))
        everyone = growth.total(_select_growth(map(_decode_growth, _existing(results[0::4])), wanted))
        excluded = self._read_excluded(program, buckets, wanted, results[3::4])
        return GrowthFigures(
            everyone.minus(excluded),
            excluded,
            activity.total(_select_activity(map(_decode_activity, _existing(results[1::4])), wanted)),
            sum(results[2::4]),
        )

    def _buckets(self, program: str, window: Window) -> list[Sequence[int]]:
        """The buckets of each partition that have days of the period."""
        if window.kind != "all":
            return [buckets_of(window.start_s, window.end_s) for _ in self._partitions]
        return self.all_buckets(program)

    def all_buckets(self, program: str) -> list[Sequence[int]]:
        """Returns the buckets of each partition that have counts of a program, at least one."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition in self._partitions:
                [key] = self._growth_keys(partition, [state_keys.buckets(program)])
                pipeline.zrange(key, 0, -1)
            return [[int(bucket) for bucket in found] or [_ANY_BUCKET] for found in pipeline.execute()]

    def _read_excluded(
        self,
        program: str,
        buckets: Sequence[Sequence[int]],
        wanted: frozenset[str] | None,
        banned: Sequence[Sequence[bytes]],
    ) -> Growth:
        """The counts of the banned referrers of each partition."""
        return growth.total(_select_growth(self.referrer_days(program, buckets, banned), wanted))

    def referrer_days(
        self, program: str, buckets: Sequence[Sequence[int]], referrers: Sequence[Sequence[bytes]]
    ) -> Iterable[GrowthDays]:
        """Returns the counts of referrers' referrals, by the buckets and the referrers of each partition."""
        if not any(referrers):
            return ()
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition, found in zip(self._partitions, referrers, strict=True):
                keys = [
                    state_keys.referrer_days(program, referrer.decode(), bucket)
                    for referrer in found
                    for bucket in buckets[partition]
                ]
                for start in range(0, len(keys), _KEYS_OF_A_READ):
                    pipeline.mget(self._growth_keys(partition, keys[start : start + _KEYS_OF_A_READ]))
            return map(_decode_growth, _existing(pipeline.execute()))

    def _growth_keys(self, partition: int, keys: Iterable[str]) -> list[str]:
        return [state_key(state_keys.SERVICE, state_keys.GROWTH, partition, key) for key in keys]


def _activity_keys(program: str, window: Window) -> Sequence[str]:
    if window.kind == "all":
        return [state_keys.all_time(program)]
    return [state_keys.days(program, bucket) for bucket in buckets_of(window.start_s, window.end_s)]


def _existing(results: Iterable[list[bytes | None]]) -> Iterable[bytes]:
    return (raw for found in results for raw in found if raw is not None)


def _select_growth(states: Iterable[GrowthDays], wanted: frozenset[str] | None) -> Iterator[Growth]:
    """The counts of the wanted days (None: all)."""
    return (count for state in states for day, count in state.days.items() if wanted is None or day in wanted)


def _select_activity(states: Iterable[Activity | ActivityDays], wanted: frozenset[str] | None) -> Iterator[Activity]:
    """The counts of the wanted days, and those of all time if these were read."""
    for state in states:
        if isinstance(state, Activity):
            yield state
        else:
            yield from (count for day, count in state.days.items() if wanted is None or day in wanted)
