"""Insights, from the definitions in docs/insights.md: values of a range of days, with their intervals and numbers of cases."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, sqrt
from statistics import NormalDist, mean, stdev
from zoneinfo import ZoneInfo

from scipy.special import chdtri, stdtrit

from referral.events.facts import ContentShared, Fact
from referral_tools.oracle.daily_figures import Day
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.experiment_bounds import wilson

_Z = NormalDist().inv_cdf(0.975)
STAGES = ("shown", "shared", "clicked", "followed", "qualified")


@dataclass(frozen=True, slots=True)
class Insight:
    """A value with its 95% interval and the number of cases; None where there is none."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class _Range:
    """What happened in a range of days. `began` are those who follow now and began then, `brought` their friends by referrer."""

    day: Day
    began: Sequence[ExpectedReferral]
    earlier: int
    qualified: int
    brought: Mapping[str, int]
    sharers: frozenset[str]

    @property
    def referrals(self) -> int:
        """Those with a referrer."""
        return sum(one.referrer is not None for one in self.began)

    def by_channel(self, channel: str) -> int:
        """Those with a referrer, by the channel of the touch that won."""
        return sum(one.referrer is not None and (one.channel or "unknown") == channel for one in self.began)

    def stage(self, name: str) -> int:
        """A stage of the funnel."""
        numbers = self.day.shown, self.day.shares, self.day.clicks, self.referrals, self.qualified
        return dict(zip(STAGES, numbers, strict=True))[name]


class ExpectedInsights:
    """The figures of a program. `qualified` are the people who did what it pays for, whether they are in a cycle or not."""

    def __init__(
        self,
        standing: Iterable[ExpectedReferral],
        qualified: frozenset[str],
        days: Mapping[str, Day],
        facts: Iterable[Fact],
        zone: ZoneInfo,
    ) -> None:
        self._standing, self._qualified, self._zone = list(standing), qualified, zone
        self._days = {date.fromisoformat(name): day for name, day in days.items()}
        self._ranges: dict[tuple[date, date], _Range] = {}
        self._sharers: dict[date, set[str]] = defaultdict(set)
        for fact in facts:
            if isinstance(fact, ContentShared):
                self._sharers[self._day(fact.occurred_at)].add(fact.person)

    def of(self, figure: str, group: str, first: date, last: date) -> Insight | None:
        """The value of a figure (`all`) or one of its groups, from the first day to the last, both included.

        None for a figure that has no definition here.
        """
        if figure not in _FIGURES:
            return None
        if (first, last) not in self._ranges:
            self._ranges[first, last] = self._range(first, last)
        return _FIGURES[figure](self._ranges[first, last], group)

    def _range(self, first: date, last: date) -> _Range:
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        began = [one for one in self._standing if first <= self._day(one.followed_at) <= last]
        return _Range(
            day=sum((self._days.get(day, Day()) for day in days), Day()),
            began=began,
            earlier=sum(self._day(one.followed_at) < first for one in self._standing),
            qualified=sum(one.referrer is not None and one.person in self._qualified for one in began),
            brought=Counter(
                one.referrer.external_id
                for one in self._standing
                if one.referrer and one.qualified_at and first <= self._day(one.qualified_at) <= last
            ),
            sharers=frozenset(person for day in days for person in self._sharers.get(day, ())),
        )

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()


def _count(number: int) -> Insight:
    return Insight(number, number)


def _share(cases: int, n: int) -> Insight:
    return Insight(cases / n, n, *wilson(cases, n)) if n else Insight(None, 0)


def _rate(events: int, exposure: int) -> Insight:
    """Garwood (1936): quantiles of χ² with 2·events and 2·events + 2 degrees of freedom."""
    if not exposure:
        return Insight(None, 0)
    low = chdtri(2 * events, 0.975) / 2 if events else 0.0
    return Insight(
        events / exposure, exposure, float(low) / exposure, float(chdtri(2 * events + 2, 0.025)) / 2 / exposure
    )


def _mean(values: Sequence[int]) -> Insight:
    """Student (1908), not below 0."""
    n = len(values)
    if n < 2:
        return Insight(float(values[0]) if n else None, n)
    half = float(stdtrit(n - 1, 0.975)) * stdev(values) / sqrt(n)
    return Insight(mean(values), n, max(mean(values) - half, 0.0), mean(values) + half)


def _top_tenth(counts: Sequence[int]) -> Insight:
    """The share of the best tenth, rounded up; its variance by the delta method, with those of the tenth taken as given."""
    ordered, n, total = sorted(counts, reverse=True), len(counts), sum(counts)
    if not n:
        return Insight(None, 0)
    top = ceil(n / 10)
    value = sum(ordered[:top]) / total
    if n < 2:
        return Insight(value, n)
    residuals = [(one if rank < top else 0) - value * one for rank, one in enumerate(ordered)]
    half = _Z * sqrt(n / (n - 1) * sum(one * one for one in residuals)) / total
    return Insight(value, n, max(value - half, 0.0), min(value + half, 1.0))


def _followers(found: _Range, group: str) -> Insight:
    sources = {"all": len(found.began), "referred": found.referrals, "excluded": 0}
    sources["discovered"] = len(found.began) - found.referrals
    return _count(sources[group] if group in sources else found.by_channel(group))


def _referral_share(found: _Range, group: str) -> Insight:
    return _share(found.referrals if group == "all" else found.by_channel(group), len(found.began))


def _channels(found: _Range, group: str) -> Insight:
    known = found.referrals - found.by_channel("unknown")
    return _share(known if group == "all" else found.by_channel(group), found.referrals)


def _funnel_steps(found: _Range, group: str) -> Insight:
    if group == "all":
        return _rate(found.qualified, found.day.shown)
    before = STAGES[STAGES.index(group) - 1]
    return (_share if group == "qualified" else _rate)(found.stage(group), found.stage(before))


def _followers_per_sharer(found: _Range, group: str) -> Insight:
    return _mean([found.brought.get(one, 0) for one in {*found.sharers, *found.brought}])


_FIGURES: Mapping[str, Callable[[_Range, str], Insight]] = {
    "followers": _followers,
    "audience": lambda found, _: _count(found.earlier + len(found.began)),
    "referral_share": _referral_share,
    "qualified_share": lambda found, _: _share(found.qualified, found.referrals),
    "channels": _channels,
    "posts": lambda found, _: _count(found.day.posts),
    "shown": lambda found, _: _count(found.day.shown),
    "shares": lambda found, _: _count(found.day.shares),
    "clicks": lambda found, _: _count(found.day.clicks),
    "funnel": lambda found, group: _count(found.stage("qualified" if group == "all" else group)),
    "funnel_steps": _funnel_steps,
    "followers_per_sharer": _followers_per_sharer,
    "top_tenth_share": lambda found, _: _top_tenth(list(found.brought.values())),
}
