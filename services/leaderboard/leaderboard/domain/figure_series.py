"""A figure over a range: the whole, its groups, each with its points and the range before."""

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.domain.estimate import Change, Estimate, change_between
from leaderboard.domain.figure_table import Dimension, Figure, Split
from leaderboard.domain.period_facts import PeriodFacts, total

MAX_GROUPS = 50
WHOLE = "all"
"""The key of the series of the whole."""


@dataclass(frozen=True, slots=True)
class Series:
    """A figure, or a group of it: over the whole range, over the range before, their difference, and at each point."""

    key: str
    total: Estimate
    previous: Estimate
    change: Change | None
    points: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class FigureSeries:
    """The series of a figure: the whole first, then its groups, the largest first. `left_out` groups are beyond MAX_GROUPS."""

    series: tuple[Series, ...]
    left_out: int


def figure_series(
    figure: Figure, by: Dimension | None, points: Sequence[PeriodFacts], before: Sequence[PeriodFacts]
) -> FigureSeries:
    """Returns a figure at the points of a range, and for the whole of it and of the range before."""
    whole, previous = total(points), total(before)
    main = _series(WHOLE, [figure.compute(one) for one in points], figure.compute(whole), figure.compute(previous))
    if by is None:
        return FigureSeries((main,), 0)
    groups = _groups(figure.by[by], points, whole, previous)
    return FigureSeries((main, *groups[:MAX_GROUPS]), max(0, len(groups) - MAX_GROUPS))


def _groups(split: Split, points: Sequence[PeriodFacts], whole: PeriodFacts, previous: PeriodFacts) -> list[Series]:
    """Groups in the order of the table if it names them, the largest first if the facts do."""
    names = dict.fromkeys((*split.names(whole), *split.names(previous)))
    found = [
        _series(
            name,
            [split.compute(one, name) for one in points],
            split.compute(whole, name),
            split.compute(previous, name),
        )
        for name in names
    ]
    keeps_order = split.keeps_order or bool(tuple(split.names(PeriodFacts())))
    return found if keeps_order else sorted(found, key=lambda one: (-(one.total.value or 0), one.key))


def _series(key: str, points: Sequence[Estimate], whole: Estimate, previous: Estimate) -> Series:
    return Series(key, whole, previous, change_between(whole, previous), tuple(points))
