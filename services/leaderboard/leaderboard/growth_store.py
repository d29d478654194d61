"""Reads the state of the folds growth and activity for the HTTP API, summed over all partitions.

Referrals of banned referrers are subtracted here: boards and rewards do not count them either.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from redis import Redis

from leaderboard.domain import activity, growth
from leaderboard.domain.activity import Activity, ActivityDays
from leaderboard.domain.day_buckets import buckets_of
from leaderboard.domain.growth import Growth, GrowthDays
from leaderboard.domain.periods import Window, days
from leaderboard.folds import state_keys
from referral.fold.state_keys import state_key

_KEYS_OF_A_READ = 1_000
_decode_growth = msgspec.msgpack.Decoder(Growth | GrowthDays).decode
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

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._redis = redis
        self._partitions = range(partitions)

    def read(self, program: str, window: Window, zone: str) -> GrowthFigures:
        """Returns the figures of a period: one round trip for all partitions, and another one if referrers are banned."""
        keys = _keys(program, window)
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition in self._partitions:
                pipeline.mget(self._growth_keys(partition, keys))
                pipeline.mget([state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, key) for key in keys])
                posts = state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, state_keys.posts(program))
                pipeline.zcount(posts, window.start_s, f"({window.end_s}")
                [banned] = self._growth_keys(partition, [state_keys.banned_referrers(program)])
                pipeline.zrange(banned, 0, -1)
            results = pipeline.execute()
        wanted = frozenset[str]() if window.kind == "all" else frozenset(days(window, zone))
        everyone = growth.total(_select_growth(map(_decode_growth, _existing(results[0::4])), wanted))
        excluded = self._read_excluded(program, window, wanted, results[3::4])
        return GrowthFigures(
            everyone.minus(excluded),
            excluded,
            activity.total(_select_activity(map(_decode_activity, _existing(results[1::4])), wanted)),
            sum(results[2::4]),
        )

    def _read_excluded(
        self, program: str, window: Window, wanted: frozenset[str], banned: Sequence[Sequence[bytes]]
    ) -> Growth:
        """The counts of the banned referrers of each partition."""
        if not any(banned):
            return Growth()
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition, referrers in zip(self._partitions, banned, strict=True):
                keys = [key for referrer in referrers for key in _referrer_keys(program, referrer.decode(), window)]
                for start in range(0, len(keys), _KEYS_OF_A_READ):
                    pipeline.mget(self._growth_keys(partition, keys[start : start + _KEYS_OF_A_READ]))
            results = pipeline.execute()
        return growth.total(_select_growth(map(_decode_growth, _existing(results)), wanted))

    def _growth_keys(self, partition: int, keys: Iterable[str]) -> list[str]:
        return [state_key(state_keys.SERVICE, state_keys.GROWTH, partition, key) for key in keys]


def _referrer_keys(program: str, referrer: str, window: Window) -> Sequence[str]:
    if window.kind == "all":
        return [state_keys.referrer_all_time(program, referrer)]
    buckets = buckets_of(window.start_s, window.end_s)
    return [state_keys.referrer_days(program, referrer, bucket) for bucket in buckets]


def _keys(program: str, window: Window) -> Sequence[str]:
    if window.kind == "all":
        return [state_keys.all_time(program)]
    return [state_keys.days(program, bucket) for bucket in buckets_of(window.start_s, window.end_s)]


def _existing(results: Iterable[list[bytes | None]]) -> Iterable[bytes]:
    return (raw for found in results for raw in found if raw is not None)


def _select_growth(states: Iterable[Growth | GrowthDays], wanted: frozenset[str]) -> Iterator[Growth]:
    """The counts of the wanted days, and those of all time if these were read."""
    for state in states:
        if isinstance(state, Growth):
            yield state
        else:
            yield from (count for day, count in state.days.items() if day in wanted)


def _select_activity(states: Iterable[Activity | ActivityDays], wanted: frozenset[str]) -> Iterator[Activity]:
    """The same for activity."""
    for state in states:
        if isinstance(state, Activity):
            yield state
        else:
            yield from (count for day, count in state.days.items() if day in wanted)
