"""Reads the facts of periods from the folds growth, activity and boards, summed over all partitions.

Referrals of banned referrers are left out of `growth`, as boards and rewards leave them out.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import get_args

import msgspec

from leaderboard.board_store import BoardName, board_name
from leaderboard.domain import activity, growth, spread
from leaderboard.domain.activity import Activity, ActivityDays, ActivityParts
from leaderboard.domain.date_range import DateRange, periods_covering
from leaderboard.domain.day_buckets import buckets_of
from leaderboard.domain.figure_table import Source
from leaderboard.domain.growth import Growth, GrowthDays
from leaderboard.domain.period_facts import PeriodFacts, retention_of_day, sum_of_retention
from leaderboard.domain.periods import day_name, window
from leaderboard.domain.score import count_of
from leaderboard.domain.spread import DayOfFollowers, Spread, spread_by_day
from leaderboard.folds import state_keys
from leaderboard.growth_store import GrowthStore
from leaderboard.spread_store import SpreadStore
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.ids import person_of
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline

MAX_BOARD_ENTRIES = 500_000
"""How many entries of boards a figure may read, one for each person and period who did something in it; and how many counts of
banned referrers, one for each of them and thirty days."""
DAY_S = 86_400
_ENTRIES_OF_A_READ = 5_000
_KEYS_OF_A_READ = 1_000
_BY_DAY: frozenset[Source] = frozenset({"growth", "spread", "retention"})
_decode_growth = msgspec.msgpack.Decoder(GrowthDays).decode
_decode_parts = msgspec.msgpack.Decoder(ActivityParts).decode
_decode_activity = msgspec.msgpack.Decoder(Activity | ActivityDays).decode
PersonCounts = dict[str, int]


@dataclass(frozen=True, slots=True)
class _DailyCounts:
    """Counts by name of the day: those of everyone, and those of banned referrers, which are part of them."""

    everyone: Mapping[str, Growth]
    excluded: Mapping[str, Growth]

    def of(self, day: str) -> Growth:
        """The counts of a day without those of banned referrers."""
        found = self.everyone.get(day, _NO_GROWTH)
        return found.minus(self.excluded[day]) if day in self.excluded else found

    def followers(self, day: str) -> int:
        """All who began on a day and follow."""
        return self.everyone.get(day, _NO_GROWTH).followers


@dataclass(frozen=True, slots=True)
class _Ages:
    """How old those are who began on a day."""

    zone: str
    now_s: int

    def is_reached(self, day: str, age: int) -> bool:
        """Whether all who began on a day have followed for `age` days by now, or could have."""
        return window(day, 0, self.zone).end_s + age * DAY_S <= self.now_s


_NO_GROWTH, _NO_DAYS = Growth(), _DailyCounts({}, {})


class TooManyEntries(ValueError):
    """More than MAX_BOARD_ENTRIES entries would be read; a shorter range has fewer, of boards longer periods too."""


class InsightStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = range(partitions)
        self._growth = GrowthStore(redis, partitions)
        self._spreads = SpreadStore(redis, partitions)

    def read(
        self, program: str, zone: str, points: Sequence[DateRange], sources: Set[Source], now_s: int, window_days: int
    ) -> list[PeriodFacts]:
        """Returns what the sources know of consecutive periods, the earliest first. Raises TooManyEntries and TooManyReferrers.

        Periods are empty of what no source is wanted for. A person's window lasts `window_days` from their follow on; `now_s` is
        the current second since the epoch.
        """
        spans = [_span(point, zone) for point in points]
        start_s, end_s = spans[0][0], spans[-1][1]
        counts = self._growth_days(program, start_s, end_s) if sources & _BY_DAY else _NO_DAYS
        active = self._activity_days(program, start_s, end_s) if "activity" in sources else {}
        active_parts = self._activity_parts(program, start_s, end_s) if "activity_parts" in sources else {}
        posts = self._posts(program, spans) if "posts" in sources else [0] * len(points)
        referrals = self._people("referrals", program, points) if "referrals" in sources else [{}] * len(points)
        shares = self._people("shares", program, points) if "shares" in sources else [{}] * len(points)
        before = self._followers_before(program, points) if "before" in sources else [0] * len(points)
        ages = _Ages(zone, now_s)
        spread_days = self._spread(program, zone, points, counts, ages, window_days) if "spread" in sources else {}
        facts = []
        for index, point in enumerate(points):
            names = [day.isoformat() for day in point.days]
            facts.append(
                PeriodFacts(
                    growth.total(counts.of(name) for name in names),
                    growth.total(counts.excluded[name] for name in names if name in counts.excluded),
                    activity.total(active[name] for name in names if name in active),
                    posts[index],
                    referrals[index],
                    shares[index],
                    before[index],
                    spread.total(spread_days[name] for name in names if name in spread_days),
                    sum_of_retention(
                        retention_of_day(counts.of(name), partial(ages.is_reached, name)) for name in names
                    )
                    if "retention" in sources
                    else {},
                    activity.total_by_part(active_parts[name] for name in names if name in active_parts),
                )
            )
        return facts

    def _spread(
        self,
        program: str,
        zone: str,
        points: Sequence[DateRange],
        counts: "_DailyCounts",
        ages: "_Ages",
        window_days: int,
    ) -> dict[str, Spread]:
        start_s, end_s = _span(points[0], zone)[0], _span(points[-1], zone)[1]
        referrers = self._spreads.read(program, start_s, end_s + window_days * DAY_S)
        days = {
            day.isoformat(): DayOfFollowers(
                counts.followers(day.isoformat()),
                counts.of(day.isoformat()).unattributed,
                ages.is_reached(day.isoformat(), window_days),
            )
            for point in points
            for day in point.days
        }
        return spread_by_day(days, referrers, lambda second: day_name(second, zone), window_days * DAY_S)

    def counts_by_day(self, program: str) -> dict[str, Growth]:
        """Returns the counts of each day of all time, by its name, with those of banned referrers; some days may be absent."""
        return _sum_by_day(self._days_states(program, self._growth.all_buckets(program)))

    def _growth_days(self, program: str, start_s: int, end_s: int) -> "_DailyCounts":
        """The counts of everyone, and those of banned referrers, by name of the day."""
        buckets: list[Sequence[int]] = [buckets_of(start_s, end_s) for _ in self._partitions]
        banned = run_pipeline(
            self._redis,
            (
                ("ZRANGE", self._growth_key(partition, state_keys.banned_referrers(program)), 0, -1)
                for partition in self._partitions
            ),
        )
        if sum(map(len, banned)) * len(buckets[0]) > MAX_BOARD_ENTRIES:
            raise TooManyEntries
        return _DailyCounts(
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

    def _activity_parts(self, program: str, start_s: int, end_s: int) -> dict[str, dict[str, Activity]]:
        """The activity of each day by part, by name of the day."""
        keys = [
            state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, state_keys.parts(program, day))
            for partition in self._partitions
            for day in range(start_s // DAY_S, (end_s - 1) // DAY_S + 1)
        ]
        commands = (("MGET", *keys[start : start + _KEYS_OF_A_READ]) for start in range(0, len(keys), _KEYS_OF_A_READ))
        found: dict[str, list[Mapping[str, Activity]]] = defaultdict(list)
        for part in run_pipeline(self._redis, commands):
            for state in map(_decode_parts, filter(None, part)):
                for day, parts in state.days.items():
                    found[day].append(parts)
        return {day: activity.total_by_part(parts) for day, parts in found.items()}

    def _posts(self, program: str, spans: Sequence[tuple[int, int]]) -> list[int]:
        """How many posts exist that were published in each span of seconds [start, end)."""
        keys = [
            state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, state_keys.posts(program))
            for partition in self._partitions
        ]
        found = run_pipeline(self._redis, (("ZCOUNT", key, start, f"({end}") for start, end in spans for key in keys))
        return [sum(found[index : index + len(keys)]) for index in range(0, len(found), len(keys))]

    def _followers_before(self, program: str, points: Sequence[DateRange]) -> list[int]:
        by_day = sorted((day, counts.followers) for day, counts in self.counts_by_day(program).items())
        names, sums = [day for day, _ in by_day], [0, *accumulate(number for _, number in by_day)]
        return [sums[bisect_left(names, point.first.isoformat())] for point in points]

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
            counts[board].update((person_of(member), count_of(score)) for member, score in part)
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
