"""The table of figures: what each is computed from, in which unit, and by what it can be split.

A figure is a pure function of the facts of a period. `FIGURES` is the table: an entry, its texts (`pages/figure_texts.py`) and its
test are all that a figure of existing facts takes. The texts are its definition; sources of formulas are in `statistics`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from leaderboard.domain.estimate import Estimate, count, mean, rate, share, top_tenth
from leaderboard.domain.period_facts import PeriodFacts

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
    "funnel",
    "funnel_steps",
    "followers_per_sharer",
    "top_tenth_share",
]
Measure = Literal["count", "share", "rate", "mean"]
"""What kind of number a figure is: shares are from 0 to 1, rates and means are numbers for each case."""
Dimension = Literal["source", "channel", "stage"]
Source = Literal["growth", "before", "activity", "posts", "referrals", "shares"]
"""The parts of PeriodFacts that a figure needs; reading those that it does not need is left out."""
SOURCE_EVENTS: Mapping[Source, tuple[str, ...]] = {
    "growth": (
        "person.followed",
        "referral.attributed",
        "referral.unattributed",
        "referral.reversed",
        "referrer.banned",
    ),
    "activity": ("content.shown", "content.shared", "link.clicked", "click.reclassed"),
    "posts": ("post.published", "post.removed", "post.verified"),
    "referrals": ("conversion.cleared", "conversion.reversed"),
    "shares": ("content.shared",),
}
"""The types of lines that each source counts; `before` counts the same as `growth`."""


@dataclass(frozen=True, slots=True)
class Split:
    """How a figure is split: the names of the groups that facts have, and the estimate of a group.

    Names that do not depend on the facts are always listed, in their order.
    """

    names: Callable[[PeriodFacts], Iterable[str]]
    compute: Callable[[PeriodFacts, str], Estimate]


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


def _followers_per_sharer(facts: PeriodFacts) -> Estimate:
    sharers = facts.shares.keys() | facts.referrals.keys()
    return mean(facts.referrals.get(person, 0) for person in sharers)


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
    "shown": Figure("count", _ACTIVITY, lambda facts: count(facts.activity.shown)),
    "shares": Figure("count", _ACTIVITY, lambda facts: count(facts.activity.shares)),
    "clicks": Figure("count", _ACTIVITY, lambda facts: count(facts.activity.clicks)),
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
}
