"""Compares every insight with the oracle's: figures and their groups by day, week, month and for the whole campaign."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from math import isclose

from referral_tools.demo.comparison import ComparisonResult
from referral_tools.demo.system_figures import EstimateFigures, SystemFigures
from referral_tools.oracle import ExpectedInsights, Insight

_UNITS = ("day", "week", "month", "all")
_TOLERANCE = 1e-6
_WHOLE = "all"
_Name = tuple[str, str]
"""Figure and dimension, "" for the figure itself."""
_Reading = tuple[_Name, str, date, date, EstimateFigures]
"""Figure and dimension, group, first and last day, and the value."""


@dataclass(slots=True)
class InsightResults:
    """How many values agreed, and which differ. `listed` are the figures and dimensions that the service has.

    `defined` counts those of the agreeing values that are not empty.
    """

    listed: set[_Name] = field(default_factory=set)
    checked: Counter[_Name] = field(default_factory=Counter)
    defined: Counter[_Name] = field(default_factory=Counter)
    differing: Counter[_Name] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many values agreed."""
        return self.checked.total()

    @property
    def unchecked(self) -> list[str]:
        """Figures and dimensions of which no value was compared, or empty ones alone."""
        return sorted(map(_text, self.listed - self.defined.keys()))


def check_insights(readings: SystemFigures, expected: ExpectedInsights, first: date, last: date) -> InsightResults:
    """Compares the figures from the first day to the last, with the range before."""
    results = InsightResults()
    for figure, dimensions in readings.insight_figures().items():
        results.listed |= {(figure, by) for by in ("", *dimensions)}
    for name, group, begins, ends, found in _readings(readings, results.listed, first, last):
        figure, by = name
        own = expected.of(figure, group, begins, ends, by)
        if own is None:
            continue
        if _agrees(found, own):
            results.checked[name] += 1
            results.defined[name] += found.value is not None
        else:
            results.differing[name] += 1
    results.defined = +results.defined
    return results


def compare_insights(verdict: ComparisonResult, results: InsightResults) -> None:
    """Whether every value agrees, and every figure and dimension that the service lists was compared."""
    differing = {_text(name): number for name, number in results.differing.items()}
    verdict.compare(f"{results.total} values of insights agree: differing", differing, {})
    verdict.compare(f"· of {len(results.listed)} figures and dimensions: not compared", results.unchecked, [])


def _text(name: _Name) -> str:
    figure, by = name
    return f"{figure} by {by}" if by else figure


def _readings(readings: SystemFigures, listed: Iterable[_Name], first: date, last: date) -> Iterator[_Reading]:
    """Of a dimension its groups alone: the whole is the figure's own."""
    for figure, by in sorted(listed):
        for unit in _UNITS:
            found = readings.insight(figure, first, last, unit, by)
            for series in found.series:
                if by and series.key == _WHOLE:
                    continue
                name, key = (figure, by), series.key
                yield name, key, found.starts_on, found.ends_on, series.total
                yield name, key, found.previous_starts_on, found.previous_ends_on, series.previous
                yield from ((name, key, point.starts_on, point.ends_on, point) for point in series.points)


def _agrees(found: EstimateFigures, own: Insight) -> bool:
    pairs = (found.value, own.value), (found.low, own.low), (found.high, own.high)
    return found.n == own.n and all(_is_close(one, other) for one, other in pairs)


def _is_close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
