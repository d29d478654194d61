"""Reads the state of the folds growth and activity for the HTTP API, summed over all partitions."""

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

_decode_growth = msgspec.msgpack.Decoder(Growth | GrowthDays).decode
_decode_activity = msgspec.msgpack.Decoder(Activity | ActivityDays).decode


@dataclass(frozen=True, slots=True)
class GrowthFigures:
    """What happened in a period: current followers who began in it, activity, and posts published in it that exist."""

    growth: Growth
    activity: Activity
    posts: int


class GrowthStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._redis = redis
        self._partitions = range(partitions)

    def read(self, program: str, window: Window, zone: str) -> GrowthFigures:
        """Returns the figures of a period, in one round trip for all partitions."""
        keys = _keys(program, window)
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition in self._partitions:
                pipeline.mget([state_key(state_keys.SERVICE, state_keys.GROWTH, partition, key) for key in keys])
                pipeline.mget([state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, key) for key in keys])
                posts = state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, state_keys.posts(program))
                pipeline.zcount(posts, window.start_s, f"({window.end_s}")
            results = pipeline.execute()
        wanted = frozenset[str]() if window.kind == "all" else frozenset(days(window, zone))
        return GrowthFigures(
            growth.total(_select_growth(map(_decode_growth, _existing(results[0::3])), wanted)),
            activity.total(_select_activity(map(_decode_activity, _existing(results[1::3])), wanted)),
            sum(results[2::3]),
        )


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
