"""Reads a figure over a range of days: what the API, exports and pages show.

reading = InsightReader(InsightStore(redis, partitions)).read(
    program, zone, FigureQuery("followers", DateRange(first, last), "week", by="source")
)
reading.series[0].total.value       # the whole range
reading.series[0].previous.value    # the range before
reading.series[1].points            # the first group, one estimate for each of reading.points
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from leaderboard.domain.date_range import MAX_DAYS, DateRange, Unit, points_of, range_before, whole_units
from leaderboard.domain.figure_series import Series, figure_series
from leaderboard.domain.figure_table import FIGURES, Dimension, FigureId, Source
from leaderboard.insight_store import InsightStore

DEFAULT_WINDOW_DAYS, MAX_WINDOW_DAYS = 14, 90
HOW_LONG = f"A range has at most {MAX_DAYS} days"


class InvalidQuery(ValueError):
    """The range is too long, or the figure has no such dimension; `parameter` names the part of the query."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class FigureQuery:
    """Which figure, over which days, one point for each `unit`, split `by` a dimension.

    `window_days` is how long the friends of a person count for K and the cycle time, from the person's follow on.
    """

    figure: FigureId
    days: DateRange
    unit: Unit = "day"
    by: Dimension | None = None
    window_days: int = DEFAULT_WINDOW_DAYS


@dataclass(frozen=True, slots=True)
class FigureReading:
    """What a query shows. `days` are extended to whole weeks or months if these are the points, `before` is the range before.

    The first of `series` is the whole; `points` are the ranges of its estimates. `counted_from` is the first day on which one of
    the current followers began: nothing before it is known.
    """

    query: FigureQuery
    days: DateRange
    before: DateRange
    points: tuple[DateRange, ...]
    series: tuple[Series, ...]
    groups_left_out: int
    counted_from: date | None


class InsightReader:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, store: InsightStore) -> None:
        self._store = store

    def read(self, program: str, zone: str, query: FigureQuery, now_s: int) -> FigureReading:
        """Returns a figure of a program, as of now (seconds since the epoch).

        Raises InvalidQuery, and TooManyEntries or TooManyReferrers if too many people took part.
        """
        figure = FIGURES[query.figure]
        if query.by is not None and query.by not in figure.by:
            raise InvalidQuery("by", _dimensions_message(query.figure))
        if query.days.length > MAX_DAYS:
            raise InvalidQuery("to", f"{HOW_LONG}; this one has {query.days.length}.")
        days = whole_units(query.days, query.unit)
        before = range_before(days, query.unit)
        points, points_before = points_of(days, query.unit), points_of(before, query.unit)
        sources = figure.reads | (figure.by[query.by].reads if query.by else frozenset())
        facts = self._store.read(program, zone, [*points_before, *points], sources, now_s, query.window_days)
        found = figure_series(figure, query.by, facts[len(points_before) :], facts[: len(points_before)])
        first = min((day for day, one in self._store.counts_by_day(program).items() if one.followers), default=None)
        return FigureReading(
            query,
            days,
            before,
            tuple(points),
            found.series,
            found.left_out,
            date.fromisoformat(first) if first else None,
        )

    def wholes(
        self, program: str, zone: str, figures: Iterable[FigureId], days: DateRange, now_s: int
    ) -> dict[FigureId, Series]:
        """Returns several figures over one range and the range before: as `read` with the unit `all`, but read together.

        Raises TooManyEntries or TooManyReferrers if too many people took part for one of them.
        """
        wanted = list(figures)
        sources = frozenset[Source]().union(*(FIGURES[name].reads for name in wanted))
        points = [range_before(days, "all"), days]
        before, now = self._store.read(program, zone, points, sources, now_s, DEFAULT_WINDOW_DAYS)
        return {name: figure_series(FIGURES[name], None, [now], [before]).series[0] for name in wanted}

    def groups(
        self,
        program: str,
        zone: str,
        splits: Iterable[tuple[FigureId, Dimension]],
        days: DateRange,
        now_s: int,
    ) -> dict[tuple[FigureId, Dimension], Sequence[Series]]:
        """Returns the groups of several figures over one range and the range before, read together; without the wholes."""
        wanted = list(splits)
        sources = frozenset[Source]().union(*(FIGURES[name].reads | FIGURES[name].by[by].reads for name, by in wanted))
        points = [range_before(days, "all"), days]
        before, now = self._store.read(program, zone, points, sources, now_s, DEFAULT_WINDOW_DAYS)
        return {(name, by): figure_series(FIGURES[name], by, [now], [before]).series[1:] for name, by in wanted}

    def qualified(self, program: str) -> int:
        """Returns how many referrals have qualified of those who follow now, of all time and of banned referrers too."""
        return sum(one.qualified for one in self._store.counts_by_day(program).values())


def _dimensions_message(figure: FigureId) -> str:
    names = ", ".join(FIGURES[figure].by)
    return f"{figure} can be split by {names}." if names else f"{figure} cannot be split: leave `by` out."
