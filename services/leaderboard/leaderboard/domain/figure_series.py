"""A figure over a range: the whole, its groups, each with its points and the range before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from leaderboard.domain.estimate import Change, Estimate, change_between
from leaderboard.domain.figure_table import Dimension, Figure, Split
from leaderboard.domain.period_facts import PeriodFacts, total

MAX_GROUPS = 50
WHOLE = "all"
"""The key of the series of the whole."""


@dataclass(frozen=True, slots=True)
class Series:
    """A figure, or a group of it: over the whole range, over the range before, their difference, and at each point of both."""

    key: str
    total: Estimate
    previous: Estimate
    change: Change | None
    points: tuple[Estimate, ...]
    previous_points: tuple[Estimate, ...]


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
    main = _series(WHOLE, figure.compute, points, before, whole, previous)
    if by is None:
        return FigureSeries((main,), 0)
    split = figure.by[by]
    names = _group_names(split, whole, previous)
    groups = (
        _series(name, partial(_group, split, name), points, before, whole, previous) for name in names[:MAX_GROUPS]
    )
    return FigureSeries((main, *groups), max(0, len(names) - MAX_GROUPS))


def _group_names(split: Split, whole: PeriodFacts, previous: PeriodFacts) -> list[str]:
    """Groups in the order of the table if it names them, the largest of the range first if the facts do."""
    names = list(dict.fromkeys((*split.names(whole), *split.names(previous))))
    if split.keeps_order or any(split.names(PeriodFacts())):
        return names
    return sorted(names, key=lambda name: (-(split.compute(whole, name).value or 0), name))


def _group(split: Split, name: str, facts: PeriodFacts) -> Estimate:
    return split.compute(facts, name)


def _series(
    key: str,
    compute: Callable[[PeriodFacts], Estimate],
    points: Sequence[PeriodFacts],
    before: Sequence[PeriodFacts],
    whole: PeriodFacts,
    previous: PeriodFacts,
) -> Series:
    now, then = compute(whole), compute(previous)
    return Series(key, now, then, change_between(now, then), tuple(map(compute, points)), tuple(map(compute, before)))
