"""The table of figures: what each is computed from, in which unit, and by what it can be split.

A figure is a pure function of the facts of a period. `FIGURES` is the table: an entry, its texts (`pages/figure_texts.py`) and its
test are all that a figure of existing facts takes. The texts are its definition; sources of formulas are in `statistics`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from leaderboard.domain.activity import Activity, ActivityKind, number_of
from leaderboard.domain.estimate import (
    Estimate,
    count,
    mean,
    mean_of_sums,
    median_of_counts,
    odds,
    quotient,
    rate,
    share,
    top_tenth,
)
from leaderboard.domain.growth import AGES, UNKNOWN_CHANNEL, PartKind, part_name
from leaderboard.domain.period_facts import PeriodFacts, Retained
from leaderboard.domain.spread import PeopleSums

FigureId = Literal[
    "followers",
    "audience",
    "referral_share",
    "qualified_share",
    "channels",
    "posts",
    "shown",
    "shares",
    "clicks",
    "post_views",
    "post_reach_multiple",
    "funnel",
    "funnel_steps",
    "followers_per_sharer",
    "top_tenth_share",
    "reach_multiple",
    "k_factor",
    "invitations_per_follower",
    "qualified_per_share",
    "k_of_invitations",
    "audience_ceiling",
    "cycle_time",
    "retention",
    "retention_ratio",
    "growth_uplift",
]
Measure = Literal["count", "share", "rate", "mean", "ratio", "days", "people", "uplift"]
"""What kind of number a figure is: shares are from 0 to 1, rates and means are numbers for each case, ratios compare two shares.

`days` is a median, `people` an estimated number of people, and an uplift of 0.5 is 50% more.
"""
Dimension = Literal["source", "channel", "stage", "content", "cta", "partner", "degree", "age"]
Source = Literal[
    "growth", "before", "activity", "activity_parts", "posts", "referrals", "shares", "spread", "retention"
]
"""The parts of PeriodFacts that a figure needs; reading those that it does not need is left out."""
SOURCE_EVENTS: Mapping[Source, tuple[str, ...]] = {
    "growth": (
        "person.followed",
        "referral.attributed",
        "referral.unattributed",
        "referral.reversed",
        "referrer.banned",
    ),
    "activity": ("content.shown", "content.shared", "link.clicked", "click.reclassed", "post.engaged"),
    "activity_parts": ("content.shown", "content.shared", "link.clicked", "click.reclassed"),
    "posts": ("post.published", "post.removed", "post.verified"),
    "referrals": ("conversion.cleared", "conversion.reversed"),
    "shares": ("content.shared",),
    "spread": ("referral.attributed", "edge.set", "conversion.cleared", "conversion.reversed"),
    "retention": ("person.followed", "person.unfollowed", "referral.reversed"),
}
"""The types of lines that each source counts; `before` counts the same as `growth`."""


@dataclass(frozen=True, slots=True)
class Split:
    """How a figure is split: the names of the groups that facts have, and the estimate of a group.

    Names that do not depend on the facts are always listed, in their order; so are names with `keeps_order`, and of others the
    largest come first. `reads` is what it needs beside the figure itself.
    """

    names: Callable[[PeriodFacts], Iterable[str]]
    compute: Callable[[PeriodFacts, str], Estimate]
    reads: frozenset[Source] = frozenset()
    keeps_order: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, and the dimensions by which it can be split."""

    measure: Measure
    reads: frozenset[Source]
    compute: Callable[[PeriodFacts], Estimate]
    by: Mapping[Dimension, Split] = field(default_factory=dict)


def _count_of_source(facts: PeriodFacts, source: str) -> Estimate:
    match source:
        case "referred":
            return count(facts.growth.attributed)
        case "discovered":
            return count(facts.growth.unattributed)
        case _:
            return count(facts.excluded.followers)


def _stage(facts: PeriodFacts, name: str) -> int:
    match name:
        case "shown":
            return facts.activity.shown
        case "shared":
            return facts.activity.shares
        case "clicked":
            return facts.activity.clicks
        case "followed":
            return facts.growth.attributed
        case _:
            return facts.growth.qualified


def _step(facts: PeriodFacts, name: str) -> Estimate:
    """A stage for each case of the stage before."""
    before = _stage(facts, STAGES[STAGES.index(name) - 1])
    return share(_stage(facts, name), before) if name == "qualified" else rate(_stage(facts, name), before)


def _channels(facts: PeriodFacts) -> Iterable[str]:
    return facts.growth.by_channel


def _in_channel(facts: PeriodFacts, channel: str) -> int:
    return facts.growth.by_channel.get(channel, 0)


def _parts(kind: PartKind) -> Callable[[PeriodFacts], Iterable[str]]:
    """The ids of one kind that referred followers have in their evidence, and `none`."""
    prefix = f"{kind}:"

    def names(facts: PeriodFacts) -> Iterable[str]:
        found = [name.removeprefix(prefix) for name in facts.growth.parts if name.startswith(prefix)]
        return [*found, NO_PART] if facts.growth.attributed else ()

    return names


def _part_counter(kind: PartKind) -> Callable[[PeriodFacts, str], Estimate]:
    """The referred followers with an id of one kind; of `none`, those without any."""

    def counter(facts: PeriodFacts, name: str) -> Estimate:
        parts = facts.growth.parts
        if name != NO_PART:
            return count(parts.get(part_name(kind, name), 0))
        named = sum(number for one, number in parts.items() if one.startswith(f"{kind}:"))
        return count(max(facts.growth.attributed - named, 0))

    return counter


def _split_by_part(kind: PartKind) -> Split:
    return Split(_parts(kind), _part_counter(kind))


def _activity_by_part(kind: ActivityKind) -> Mapping[Dimension, Split]:
    """Activity of one kind by channel, content item and call to action, and what names none."""
    return {
        "channel": _split_activity(kind, "channel", UNKNOWN_CHANNEL),
        "content": _split_activity(kind, "content", NO_PART),
        "cta": _split_activity(kind, "cta", NO_PART),
    }


def _split_activity(kind: ActivityKind, dimension: Literal["channel", "content", "cta"], rest: str) -> Split:
    prefix = f"{dimension}:"

    def named(facts: PeriodFacts) -> dict[str, int]:
        return {
            name.removeprefix(prefix): number_of(part, kind)
            for name, part in facts.activity_parts.items()
            if name.startswith(prefix) and number_of(part, kind)
        }

    def compute(facts: PeriodFacts, name: str) -> Estimate:
        if name != rest:
            return count(number_of(facts.activity_parts.get(prefix + name, Activity()), kind))
        return count(max(number_of(facts.activity, kind) - sum(named(facts).values()), 0))

    def names(facts: PeriodFacts) -> Iterable[str]:
        return [*named(facts), rest] if number_of(facts.activity, kind) else ()

    return Split(names, compute, frozenset({"activity_parts"}))


def _generations(facts: PeriodFacts) -> Iterable[str]:
    return sorted(facts.spread.generations, key=lambda name: (not name.isdigit(), len(name), name))


def _in_generation(facts: PeriodFacts, name: str) -> Estimate:
    sums = facts.spread.measured.get(name, PeopleSums())
    return mean_of_sums(sums.n, sums.friends, sums.squares)


def _k_factor(facts: PeriodFacts) -> Estimate:
    sums = facts.spread.everyone
    return mean_of_sums(sums.n, sums.friends, sums.squares)


def _reach_multiple(facts: PeriodFacts) -> Estimate:
    """All referred followers for each of generation 1: one, and those beyond."""
    by_generation = facts.spread.generations
    first = by_generation.get("1", 0)
    beyond = rate(sum(number for name, number in by_generation.items() if name.isdigit() and int(name) > 1), first)
    if beyond.value is None:
        return beyond
    return Estimate(1 + beyond.value, first, 1 + (beyond.low or 0), 1 + (beyond.high or 0))


def _audience_ceiling(facts: PeriodFacts) -> Estimate:
    """N / (1 - K): the sum of N·(1 + K + K² + …), to which an audience grows by referrals alone if K is below 1."""
    people, k = facts.followers_before + facts.followers, _k_factor(facts)
    if k.value is None or k.value >= 1:
        return Estimate(None, k.n)
    bounded = k.low is not None and k.high is not None and k.high < 1
    low = people / (1 - k.low) if k.low is not None and bounded else None
    high = people / (1 - k.high) if k.high is not None and bounded else None
    return Estimate(people / (1 - k.value), k.n, low, high)


def _cycle_time(facts: PeriodFacts) -> Estimate:
    """The median wait in days; waits are counted by full hours, so each is taken at the middle of its hour."""
    found = median_of_counts(facts.spread.cycle_hours)
    value, low, high = (None if one is None else (one + 0.5) / 24 for one in (found.value, found.low, found.high))
    return Estimate(value, found.n, low, high)


def _retention(facts: PeriodFacts, age: int, *sources: str) -> Estimate:
    found = [facts.retention.get((source, age), Retained()) for source in sources]
    return share(sum(one.stayed for one in found), sum(one.began for one in found))


def _retention_ratio(facts: PeriodFacts) -> Estimate:
    referred, discovered = (facts.retention.get((source, 30), Retained()) for source in SOURCES[:2])
    return quotient(referred.stayed, referred.began, discovered.stayed, discovered.began)


def _followers_per_sharer(facts: PeriodFacts) -> Estimate:
    sharers = facts.shares.keys() | facts.referrals.keys()
    return mean(facts.referrals.get(person, 0) for person in sharers)


NO_PART = "none"
"""The group of referred followers whose evidence names no content item, call to action or partner."""
SOURCES = ("referred", "discovered", "excluded")
STAGES = ("shown", "shared", "clicked", "followed", "qualified")
_GROWTH: frozenset[Source] = frozenset({"growth"})
_ACTIVITY: frozenset[Source] = frozenset({"activity"})

FIGURES: Mapping[FigureId, Figure] = {
    "followers": Figure(
        "count",
        _GROWTH,
        lambda facts: count(facts.followers),
        {
            "source": Split(lambda _: SOURCES, _count_of_source),
            "channel": Split(_channels, lambda facts, name: count(_in_channel(facts, name))),
            "content": _split_by_part("content"),
            "cta": _split_by_part("cta"),
            "partner": _split_by_part("partner"),
            "degree": Split(
                _generations,
                lambda facts, name: count(facts.spread.generations.get(name, 0)),
                frozenset({"spread"}),
                keeps_order=True,
            ),
        },
    ),
    "audience": Figure(
        "count", frozenset({"growth", "before"}), lambda facts: count(facts.followers_before + facts.followers)
    ),
    "referral_share": Figure(
        "share",
        _GROWTH,
        lambda facts: share(facts.growth.attributed, facts.followers),
        {"channel": Split(_channels, lambda facts, name: share(_in_channel(facts, name), facts.followers))},
    ),
    "qualified_share": Figure("share", _GROWTH, lambda facts: share(facts.growth.qualified, facts.growth.attributed)),
    "channels": Figure(
        "share",
        _GROWTH,
        lambda facts: share(facts.growth.attributed - facts.growth.unknown_channel, facts.growth.attributed),
        {"channel": Split(_channels, lambda facts, name: share(_in_channel(facts, name), facts.growth.attributed))},
    ),
    "posts": Figure("count", frozenset({"posts"}), lambda facts: count(facts.posts)),
    "shown": Figure("count", _ACTIVITY, lambda facts: count(facts.activity.shown), _activity_by_part("shown")),
    "shares": Figure("count", _ACTIVITY, lambda facts: count(facts.activity.shares), _activity_by_part("shares")),
    "clicks": Figure("count", _ACTIVITY, lambda facts: count(facts.activity.clicks), _activity_by_part("clicks")),
    "post_views": Figure("count", _ACTIVITY, lambda facts: count(facts.activity.post_views)),
    "post_reach_multiple": Figure(
        "rate", _ACTIVITY, lambda facts: odds(facts.activity.post_views, facts.activity.shown)
    ),
    "funnel": Figure(
        "count",
        _GROWTH | _ACTIVITY,
        lambda facts: count(facts.growth.qualified),
        {"stage": Split(lambda _: STAGES, lambda facts, name: count(_stage(facts, name)))},
    ),
    "funnel_steps": Figure(
        "rate",
        _GROWTH | _ACTIVITY,
        lambda facts: rate(facts.growth.qualified, facts.activity.shown),
        {"stage": Split(lambda _: STAGES[1:], _step)},
    ),
    "followers_per_sharer": Figure("mean", frozenset({"referrals", "shares"}), _followers_per_sharer),
    "top_tenth_share": Figure("share", frozenset({"referrals"}), lambda facts: top_tenth(facts.referrals.values())),
    "reach_multiple": Figure("rate", frozenset({"spread"}), _reach_multiple),
    "k_factor": Figure(
        "mean", frozenset({"spread"}), _k_factor, {"degree": Split(_generations, _in_generation, keeps_order=True)}
    ),
    "invitations_per_follower": Figure(
        "rate", _GROWTH | _ACTIVITY, lambda facts: rate(facts.activity.shares, facts.followers)
    ),
    "qualified_per_share": Figure(
        "rate", _GROWTH | _ACTIVITY, lambda facts: rate(facts.growth.qualified, facts.activity.shares)
    ),
    "k_of_invitations": Figure(
        "rate", _GROWTH | _ACTIVITY, lambda facts: rate(facts.growth.qualified, facts.followers)
    ),
    "audience_ceiling": Figure("people", frozenset({"growth", "before", "spread"}), _audience_ceiling),
    "cycle_time": Figure("days", frozenset({"spread"}), _cycle_time),
    "retention": Figure(
        "share",
        frozenset({"retention"}),
        lambda facts: _retention(facts, 30, *SOURCES[:2]),
        {
            "source": Split(lambda _: SOURCES[:2], lambda facts, name: _retention(facts, 30, name)),
            "age": Split(lambda _: map(str, AGES), lambda facts, name: _retention(facts, int(name), *SOURCES[:2])),
        },
    ),
    "retention_ratio": Figure("ratio", frozenset({"retention"}), _retention_ratio),
    "growth_uplift": Figure("uplift", _GROWTH, lambda facts: odds(facts.growth.attributed, facts.growth.unattributed)),
}
