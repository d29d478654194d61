"""Compares every insight with the oracle's: figures and their groups by day, week, month and for the whole campaign."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from math import isclose

from referral_tools.demo.comparison import ComparisonResult
from referral_tools.demo.system_figures import EstimateFigures, FigureSeries, SystemFigures
from referral_tools.oracle import ExpectedInsights, Insight

_UNITS = ("day", "week", "month", "all")
_TOLERANCE = 1e-6
_Reading = tuple[str, str, date, date, EstimateFigures]
"""Figure, group, first and last day, and the value."""


@dataclass(slots=True)
class InsightResults:
    """How many values agreed, and those that differ or have no definition in the oracle, by figure."""

    checked: int = 0
    differing: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)


def check_insights(readings: SystemFigures, expected: ExpectedInsights, first: date, last: date) -> InsightResults:
    """Compares the figures from the first day to the last, with the range before."""
    results = InsightResults()
    for figure, group, begins, ends, found in _readings(readings, first, last):
        own = expected.of(figure, group, begins, ends)
        if own is None:
            results.unknown.add(figure)
        elif _agrees(found, own):
            results.checked += 1
        else:
            results.differing[figure] += 1
    return results


def compare_insights(verdict: ComparisonResult, results: InsightResults) -> None:
    """Whether every value agrees that the oracle has a definition of."""
    verdict.compare(f"{results.checked} values of insights agree: differing", dict(results.differing), {})


def _readings(readings: SystemFigures, first: date, last: date) -> Iterator[_Reading]:
    for figure, dimensions in readings.insight_figures().items():
        for unit in _UNITS:
            for by in dimensions or ("",):
                found = readings.insight(figure, first, last, unit, by)
                for series in found.series:
                    yield figure, series.key, found.starts_on, found.ends_on, series.total
                    yield figure, series.key, found.previous_starts_on, found.previous_ends_on, series.previous
                    yield from _points(figure, series)


def _points(figure: str, series: FigureSeries) -> Iterator[_Reading]:
    for point in series.points:
        yield figure, series.key, point.starts_on, point.ends_on, point


def _agrees(found: EstimateFigures, own: Insight) -> bool:
    pairs = (found.value, own.value), (found.low, own.low), (found.high, own.high)
    return found.n == own.n and all(_is_close(one, other) for one, other in pairs)


def _is_close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
