"""A figure as CSV (RFC 4180): one row for each point and series, for whole ranges, and for the ranges before."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime

from leaderboard.domain.date_range import DateRange
from leaderboard.domain.estimate import Estimate
from leaderboard.domain.figure_table import FIGURES
from leaderboard.http_api.figure_responses import query_text
from leaderboard.insight_reader import FigureReading

COLUMNS = (
    *("program", "figure", "measure", "query", "zone", "counted_from", "computed_at"),
    *("series", "row", "period", "starts_on", "ends_on", "value", "low", "high", "n", "too_few"),
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Cell = str | int | float | None


def figure_csv_text(program: str, zone: str, reading: FigureReading, computed_at: datetime) -> str:
    """Returns the rows with a header. Each row names query, period and zone, so that it can be read by itself.

    `row` is `point`, `total` or `previous`.
    """
    figure = reading.query.figure
    first = reading.counted_from.isoformat() if reading.counted_from else None
    same: list[Cell] = [program, figure, FIGURES[figure].measure, query_text(reading), zone, first]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    at = f"{computed_at:%Y-%m-%dT%H:%M:%SZ}"
    writer.writerows([*same, at, *row] for row in _rows(reading))
    return text.getvalue()


def _rows(reading: FigureReading) -> Iterator[list[Cell]]:
    for series in reading.series:
        key = as_text(series.key)
        for point, estimate in zip(reading.points, series.points, strict=True):
            yield [key, "point", *_cells(point, estimate)]
        yield [key, "total", *_cells(reading.days, series.total)]
        yield [key, "previous", *_cells(reading.before, series.previous)]


def _cells(days: DateRange, estimate: Estimate) -> list[Cell]:
    too_few = "true" if estimate.too_few else "false"
    bounds = (days.name, days.first.isoformat(), days.last.isoformat())
    return [*bounds, estimate.value, estimate.low, estimate.high, estimate.n, too_few]


def as_text(key: str) -> str:
    """Returns a name from data that no spreadsheet takes for a formula (OWASP, "CSV injection")."""
    return f"'{key}" if key.startswith(_FORMULA_STARTS) else key
