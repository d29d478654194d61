"""Reads the facts of periods from the folds growth, activity and boards, summed over all partitions.

Referrals of banned referrers are left out of `growth`, as boards and rewards leave them out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import get_args

import msgspec

from leaderboard.board_store import BoardName, board_name
from leaderboard.domain import activity, growth
from leaderboard.domain.activity import Activity, ActivityDays
from leaderboard.domain.date_range import DateRange, periods_covering
from leaderboard.domain.day_buckets import buckets_of
from leaderboard.domain.figure_table import Source
from leaderboard.domain.growth import Growth, GrowthDays
from leaderboard.domain.period_facts import PeriodFacts
from leaderboard.domain.periods import window
from leaderboard.domain.score import count_of
from leaderboard.folds import state_keys
from leaderboard.growth_store import GrowthStore
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline

MAX_BOARD_ENTRIES = 500_000
"""How many entries of boards a figure may read: one for each person and period who did something in it."""
_ENTRIES_OF_A_READ = 5_000
_decode_growth = msgspec.msgpack.Decoder(GrowthDays).decode
_decode_activity = msgspec.msgpack.Decoder(Activity | ActivityDays).decode
PersonCounts = dict[str, int]


class TooManyEntries(ValueError):
    """The boards of the range have more than MAX_BOARD_ENTRIES entries; a shorter range or longer periods have fewer."""


class InsightStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = range(partitions)
        self._growth = GrowthStore(redis, partitions)

    def read(self, program: str, zone: str, points: Sequence[DateRange], sources: Set[Source]) -> list[PeriodFacts]:
        """Returns what the sources know of consecutive periods, the earliest first. Raises TooManyEntries.

        Periods of which no source is wanted are empty.
        """
        spans = [_span(point, zone) for point in points]
        start_s, end_s = spans[0][0], spans[-1][1]
        everyone, excluded = self._growth_days(program, start_s, end_s) if "growth" in sources else ({}, {})
        active = self._activity_days(program, start_s, end_s) if "activity" in sources else {}
        posts = self._posts(program, spans) if "posts" in sources else [0] * len(points)
        referrals = self._people("referrals", program, points) if "referrals" in sources else [{}] * len(points)
        shares = self._people("shares", program, points) if "shares" in sources else [{}] * len(points)
        before = self._followers_before(program, points) if "before" in sources else [0] * len(points)
        facts = []
        for index, point in enumerate(points):
            names = [day.isoformat() for day in point.days]
            left_out = growth.total(excluded[name] for name in names if name in excluded)
            facts.append(
                PeriodFacts(
                    growth.total(everyone[name] for name in names if name in everyone).minus(left_out),
                    left_out,
                    activity.total(active[name] for name in names if name in active),
                    posts[index],
                    referrals[index],
                    shares[index],
                    before[index],
                )
            )
        return facts

    def followers_by_day(self, program: str) -> dict[str, int]:
        """Returns how many current followers began on each day, by its name; days without one may be absent."""
        buckets = self._growth.all_buckets(program)
        found: dict[str, int] = defaultdict(int)
        for state in self._days_states(program, buckets):
            for day, count in state.days.items():
                found[day] += count.followers
        return found

    def _growth_days(self, program: str, start_s: int, end_s: int) -> tuple[dict[str, Growth], dict[str, Growth]]:
        """The counts of everyone, and those of banned referrers, by name of the day."""
        buckets: list[Sequence[int]] = [buckets_of(start_s, end_s) for _ in self._partitions]
        banned = run_pipeline(
            self._redis,
            (
                ("ZRANGE", self._growth_key(partition, state_keys.banned_referrers(program)), 0, -1)
                for partition in self._partitions
            ),
        )
        return (
            _sum_by_day(self._days_states(program, buckets)),
            _sum_by_day(self._growth.referrer_days(program, buckets, banned)),
        )

    def _days_states(self, program: str, buckets: Sequence[Sequence[int]]) -> list[GrowthDays]:
        commands = (
            ("MGET", *(self._growth_key(partition, state_keys.days(program, bucket)) for bucket in buckets[partition]))
            for partition in self._partitions
        )
        found = run_pipeline(self._redis, commands)
        return [_decode_growth(raw) for part in found for raw in part if raw is not None]

    def _activity_days(self, program: str, start_s: int, end_s: int) -> dict[str, Activity]:
        commands = (
            (
                "MGET",
                *(
                    state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, state_keys.days(program, bucket))
                    for bucket in buckets_of(start_s, end_s)
                ),
            )
            for partition in self._partitions
        )
        found: dict[str, list[Activity]] = defaultdict(list)
        for part in run_pipeline(self._redis, commands):
            for state in map(_decode_activity, filter(None, part)):
                if isinstance(state, ActivityDays):
                    for day, count in state.days.items():
                        found[day].append(count)
        return {day: activity.total(counts) for day, counts in found.items()}

    def _posts(self, program: str, spans: Sequence[tuple[int, int]]) -> list[int]:
        """How many posts exist that were published in each span of seconds [start, end)."""
        keys = [
            state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, state_keys.posts(program))
            for partition in self._partitions
        ]
        found = run_pipeline(self._redis, (("ZCOUNT", key, start, f"({end}") for start, end in spans for key in keys))
        return [sum(found[index : index + len(keys)]) for index in range(0, len(found), len(keys))]

    def _followers_before(self, program: str, points: Sequence[DateRange]) -> list[int]:
        by_day = self.followers_by_day(program)
        return [sum(number for day, number in by_day.items() if day < point.first.isoformat()) for point in points]

    def _people(self, metric: BoardMetric, program: str, points: Sequence[DateRange]) -> list[PersonCounts]:
        """What counts for each person in each period: the sum of their entries on the boards that cover it."""
        covering = [_boards(program, metric, point) for point in points]
        boards = list(dict.fromkeys(board for found in covering for board in found))
        keys = [(board, self._board_key(partition, board)) for board in boards for partition in self._partitions]
        sizes = run_pipeline(self._redis, (("ZCARD", key) for _, key in keys))
        if sum(sizes) > MAX_BOARD_ENTRIES:
            raise TooManyEntries
        slices = [
            (board, key, start)
            for (board, key), size in zip(keys, sizes, strict=True)
            for start in range(0, size, _ENTRIES_OF_A_READ)
        ]
        entries = run_pipeline(
            self._redis,
            (("ZRANGE", key, start, start + _ENTRIES_OF_A_READ - 1, "WITHSCORES") for _, key, start in slices),
        )
        counts: dict[BoardName, PersonCounts] = {board: {} for board in boards}
        for (board, _, _), part in zip(slices, entries, strict=True):
            counts[board].update((member.decode(), count_of(score)) for member, score in part)
        return [_sum_of(counts[board] for board in found) for found in covering]

    def _growth_key(self, partition: int, key: str) -> str:
        return state_key(state_keys.SERVICE, state_keys.GROWTH, partition, key)

    def _board_key(self, partition: int, board: BoardName) -> str:
        return state_key(state_keys.SERVICE, board.fold, partition, board.sorted_set)


def _boards(program: str, metric: BoardMetric, point: DateRange) -> list[BoardName]:
    """The boards, of followers and partners, that together cover a period."""
    kinds: tuple[ReferrerKind, ...] = get_args(ReferrerKind)
    names = periods_covering(point)
    return list(dict.fromkeys(board_name(program, metric, name, kind) for name in names for kind in kinds))


def _span(point: DateRange, zone: str) -> tuple[int, int]:
    """The seconds [start, end) of a period in a time zone."""
    first, last = point.first.isoformat(), point.last.isoformat()
    return window(first, 0, zone).start_s, window(last, 0, zone).end_s


def _sum_by_day(states: Iterable[GrowthDays]) -> dict[str, Growth]:
    found: dict[str, list[Growth]] = defaultdict(list)
    for state in states:
        for day, count in state.days.items():
            found[day].append(count)
    return {day: growth.total(counts) for day, counts in found.items()}


def _sum_of(parts: Iterable[Mapping[str, int]]) -> PersonCounts:
    sums: PersonCounts = {}
    for part in parts:
        for person, number in part.items():
            sums[person] = sums.get(person, 0) + number
    return sums
