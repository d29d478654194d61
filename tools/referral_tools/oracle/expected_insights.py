"""Insights, from the definitions in docs/insights.md: values of a range of days, with their intervals and numbers of cases."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from math import inf
from zoneinfo import ZoneInfo

from referral.events.facts import ContentShared, Fact
from referral_tools.oracle.daily_figures import Day, activity_by_name
from referral_tools.oracle.departures import Departure
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.expected_spread import WINDOW, Spread, spread
from referral_tools.oracle.insight_estimates import (
    Insight,
    count_of,
    mean_of,
    median_of,
    odds_of,
    quotient_of,
    rate_of,
    share_of,
    top_tenth_of,
)
from referral_tools.oracle.journal import Click

STAGES = ("shown", "shared", "clicked", "followed", "qualified")
RETAINED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Follow:
    """A person who began to follow and either still follows or left, after how many seconds."""

    day: date
    referred: bool
    left_after_s: float = inf


@dataclass(frozen=True, slots=True)
class _Range:
    """What happened in a range of days. `began` are those who follow now and began then, `brought` their friends by referrer.

    `measured` is what those of them brought whose window is over; `follows` are all who began then, by the days of age that all
    who began on their day have reached. `activity` is by kind, dimension and group.
    """

    day: Day
    began: Sequence[ExpectedReferral]
    earlier: int
    qualified: int
    brought: Mapping[str, int]
    sharers: frozenset[str]
    spread: Sequence[Spread]
    measured: Sequence[Spread]
    activity: Mapping[tuple[str, str, str], int]
    follows: Sequence[tuple[Follow, int]]

    @property
    def referred(self) -> list[ExpectedReferral]:
        """Those with a referrer."""
        return [one for one in self.began if one.referrer]

    @property
    def referrals(self) -> int:
        """How many have a referrer."""
        return len(self.referred)

    def by_channel(self, channel: str) -> int:
        """Those with a referrer, by the channel of the touch that won."""
        return sum((one.channel or "unknown") == channel for one in self.referred)

    def stage(self, name: str) -> int:
        """A stage of the funnel."""
        numbers = self.day.shown, self.day.shares, self.day.clicks, self.referrals, self.qualified
        return dict(zip(STAGES, numbers, strict=True))[name]

    def retained(self, age: int, *, referred: bool | None = None) -> tuple[int, int]:
        """How many still followed at an age in days, and how many began, of those who are as old by now."""
        old = [one for one, reached in self.follows if reached >= age and referred in (None, one.referred)]
        return sum(one.left_after_s >= timedelta(days=age).total_seconds() for one in old), len(old)


@dataclass(frozen=True)
class ExpectedInsights:
    """The figures of a program at the moment `clock`. `standing` are the people who follow now.

    `qualified` are those who did what it pays for, whether they are in a cycle or not, `refused` those whose referral closes one.
    """

    standing: Mapping[str, ExpectedReferral]
    qualified: frozenset[str]
    refused: Collection[str]
    days: Mapping[str, Day]
    facts: Sequence[Fact]
    clicks: Sequence[Click]
    departures: Callable[[], Sequence[Departure]]
    zone: ZoneInfo
    clock: datetime | None

    def of(self, figure: str, group: str, first: date, last: date, by: str = "") -> Insight | None:
        """The value of a figure (`all`) or one of its groups, from the first day to the last, both included.

        None for a figure or a dimension that has no definition here.
        """
        found = FIGURES.get((figure, "" if group == "all" else by))
        return found(self._range_of(first, last), group) if found else None

    def _range_of(self, first: date, last: date) -> _Range:
        if (first, last) not in self._ranges:
            self._ranges[first, last] = self._range(first, last)
        return self._ranges[first, last]

    def _range(self, first: date, last: date) -> _Range:
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        began = [one for day in days for one in self._began.get(day, ())]
        return _Range(
            day=sum((self._days.get(day, Day()) for day in days), Day()),
            began=began,
            earlier=sum(len(people) for day, people in self._began.items() if day < first),
            qualified=sum(one.referrer is not None and one.person in self.qualified for one in began),
            brought=Counter(
                one.referrer.external_id
                for one in self.standing.values()
                if one.referrer and one.qualified_at and first <= self._day(one.qualified_at) <= last
            ),
            sharers=frozenset(person for day in days for person in self._sharers.get(day, ())),
            spread=[self._spread[one.person] for one in began],
            measured=[
                self._spread[one.person] for one in began if self._age(self._day(one.followed_at)) >= WINDOW.days
            ],
            activity=sum((self._activity.get(day, Counter()) for day in days), Counter()),
            follows=[(one, self._age(day)) for day in days for one in self._follows.get(day, ())],
        )

    @cached_property
    def _ranges(self) -> dict[tuple[date, date], _Range]:
        return {}

    @cached_property
    def _days(self) -> dict[date, Day]:
        return {date.fromisoformat(name): day for name, day in self.days.items()}

    @cached_property
    def _began(self) -> dict[date, list[ExpectedReferral]]:
        began: dict[date, list[ExpectedReferral]] = defaultdict(list)
        for one in self.standing.values():
            began[self._day(one.followed_at)].append(one)
        return began

    @cached_property
    def _sharers(self) -> dict[date, set[str]]:
        sharers: dict[date, set[str]] = defaultdict(set)
        for fact in self.facts:
            if isinstance(fact, ContentShared):
                sharers[self._day(fact.occurred_at)].add(fact.person)
        return sharers

    @cached_property
    def _activity(self) -> dict[date, Counter[tuple[str, str, str]]]:
        found: dict[date, Counter[tuple[str, str, str]]] = defaultdict(Counter)
        for moment, kind, names in activity_by_name(self.facts, self.clicks):
            found[self._day(moment)].update((kind, by, group) for by, group in names)
        return found

    @cached_property
    def _spread(self) -> dict[str, Spread]:
        return spread(self.standing, self.refused)

    @cached_property
    def _follows(self) -> dict[date, list[Follow]]:
        follows: dict[date, list[Follow]] = defaultdict(list)
        for one in self.standing.values():
            day = self._day(one.followed_at)
            follows[day].append(Follow(day, one.referrer is not None))
        for left in self.departures():
            day, seconds = (
                self._day(left.followed_at),
                int(left.left_at.timestamp()) - int(left.followed_at.timestamp()),
            )
            follows[day].append(Follow(day, left.referred, seconds))
        return follows

    def _age(self, day: date) -> int:
        """For how many days all who began on a day have followed by now, or could have."""
        if self.clock is None:
            return 0
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), self.zone)
        return (self.clock - end).days

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


def _followers_by_source(found: _Range, group: str) -> Insight:
    sources = {"referred": found.referrals, "discovered": len(found.began) - found.referrals, "excluded": 0}
    return count_of(sources[group])


def _parts(kind: str) -> Callable[[_Range, str], Insight]:
    """Referred followers by what their touch named; a call to action is named with its content item."""

    def name_of(one: ExpectedReferral) -> str:
        if kind == "cta":
            return f"{one.content}/{one.cta}" if one.content and one.cta else "none"
        return (one.content if kind == "content" else one.partner) or "none"

    return lambda found, group: count_of(sum(name_of(one) == group for one in found.referred))


def _activity(kind: str, by: str) -> Callable[[_Range, str], Insight]:
    """Impressions, shares and clicks by what they name."""
    return lambda found, group: count_of(found.activity[kind, by, group])


def _funnel_steps(found: _Range, group: str) -> Insight:
    before = STAGES[STAGES.index(group) - 1]
    return (share_of if group == "qualified" else rate_of)(found.stage(group), found.stage(before))


def _followers_per_sharer(found: _Range, group: str) -> Insight:
    return mean_of([found.brought.get(one, 0) for one in {*found.sharers, *found.brought}])


def _reach_multiple(found: _Range, group: str) -> Insight:
    degrees = [int(one.degree) for one in found.spread if one.degree.isdigit()]
    beyond = rate_of(sum(one > 1 for one in degrees), degrees.count(1))
    if beyond.value is None or beyond.low is None or beyond.high is None:
        return beyond
    return Insight(beyond.value + 1, beyond.n, beyond.low + 1, beyond.high + 1)


def _k_factor(found: _Range, group: str) -> Insight:
    return mean_of([len(one.hours) for one in found.measured if group in ("all", one.degree)])


def _audience_ceiling(found: _Range, group: str) -> Insight:
    people, k = found.earlier + len(found.began), _k_factor(found, "all")
    if k.value is None or k.value >= 1:
        return Insight(None, k.n)
    if k.low is None or k.high is None or k.high >= 1:
        return Insight(people / (1 - k.value), k.n)
    return Insight(people / (1 - k.value), k.n, people / (1 - k.low), people / (1 - k.high))


def _cycle_time(found: _Range, group: str) -> Insight:
    hours = median_of([hour for one in found.measured for hour in one.hours])
    days = [None if one is None else (one + 0.5) / 24 for one in (hours.value, hours.low, hours.high)]
    return Insight(days[0], hours.n, *days[1:])


def _retention_by_source(found: _Range, group: str) -> Insight:
    return share_of(*found.retained(RETAINED_DAYS, referred=group == "referred"))


def _retention_ratio(found: _Range, group: str) -> Insight:
    referred, discovered = (found.retained(RETAINED_DAYS, referred=one) for one in (True, False))
    return quotient_of(*referred, *discovered)


FIGURES: Mapping[tuple[str, str], Callable[[_Range, str], Insight]] = {
    ("followers", ""): lambda found, _: count_of(len(found.began)),
    ("followers", "source"): _followers_by_source,
    ("followers", "channel"): lambda found, group: count_of(found.by_channel(group)),
    ("followers", "content"): _parts("content"),
    ("followers", "cta"): _parts("cta"),
    ("followers", "partner"): _parts("partner"),
    ("followers", "degree"): lambda found, group: count_of(sum(one.degree == group for one in found.spread)),
    ("audience", ""): lambda found, _: count_of(found.earlier + len(found.began)),
    ("referral_share", ""): lambda found, _: share_of(found.referrals, len(found.began)),
    ("referral_share", "channel"): lambda found, group: share_of(found.by_channel(group), len(found.began)),
    ("qualified_share", ""): lambda found, _: share_of(found.qualified, found.referrals),
    ("channels", ""): lambda found, _: share_of(found.referrals - found.by_channel("unknown"), found.referrals),
    ("channels", "channel"): lambda found, group: share_of(found.by_channel(group), found.referrals),
    ("posts", ""): lambda found, _: count_of(found.day.posts),
    ("shown", ""): lambda found, _: count_of(found.day.shown),
    ("shares", ""): lambda found, _: count_of(found.day.shares),
    ("clicks", ""): lambda found, _: count_of(found.day.clicks),
    **{
        (kind, by): _activity(kind, by)
        for kind in ("shown", "shares", "clicks")
        for by in ("channel", "content", "cta")
    },
    ("post_views", ""): lambda found, _: count_of(found.day.post_views),
    ("post_reach_multiple", ""): lambda found, _: odds_of(found.day.post_views, found.day.shown),
    ("funnel", ""): lambda found, _: count_of(found.qualified),
    ("funnel", "stage"): lambda found, group: count_of(found.stage(group)),
    ("funnel_steps", ""): lambda found, _: rate_of(found.qualified, found.day.shown),
    ("funnel_steps", "stage"): _funnel_steps,
    ("followers_per_sharer", ""): _followers_per_sharer,
    ("top_tenth_share", ""): lambda found, _: top_tenth_of(list(found.brought.values())),
    ("reach_multiple", ""): _reach_multiple,
    ("k_factor", ""): _k_factor,
    ("k_factor", "degree"): _k_factor,
    ("invitations_per_follower", ""): lambda found, _: rate_of(found.day.shares, len(found.began)),
    ("qualified_per_share", ""): lambda found, _: rate_of(found.qualified, found.day.shares),
    ("k_of_invitations", ""): lambda found, _: rate_of(found.qualified, len(found.began)),
    ("audience_ceiling", ""): _audience_ceiling,
    ("cycle_time", ""): _cycle_time,
    ("retention", ""): lambda found, _: share_of(*found.retained(RETAINED_DAYS)),
    ("retention", "source"): _retention_by_source,
    ("retention", "age"): lambda found, group: share_of(*found.retained(int(group))),
    ("retention_ratio", ""): _retention_ratio,
    ("growth_uplift", ""): lambda found, _: odds_of(found.referrals, len(found.began) - found.referrals),
}
"""By figure and dimension, "" for the figure itself."""
