"""Geometry of charts that are drawn as SVG, and as tables behind them. Pure: numbers in, coordinates out.

The templates draw what these functions return; nothing here knows colours or words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 96, 22, 36
MAX_TICKS = 5


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of an axis: its value, and where it is."""

    value: float
    at: float


@dataclass(frozen=True, slots=True)
class Line:
    """A series: its key, the points of its polyline as SVG has them, and where its last point is."""

    key: str
    points: str
    end_x: float
    end_y: float
    label_y: float


@dataclass(frozen=True, slots=True)
class LineChart:
    """A chart with lines. `labels` are the indexes of the points that have a label on the x-axis, with their place."""

    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[tuple[int, float], ...]


def line_chart(series: Sequence[tuple[str, Sequence[float]]], *, max_labels: int = 5) -> LineChart:
    """Returns the chart of series that have as many points each, at least one."""
    count = max((len(values) for _, values in series), default=1)
    ticks = nice_ticks(max((value for _, values in series for value in values), default=0.0))
    top = ticks[-1]
    lines = []
    for key, values in series:
        places = [(_x(index, count), _y(value, top)) for index, value in enumerate(values)]
        end_x, end_y = places[-1]
        lines.append((key, " ".join(f"{x:g},{y:g}" for x, y in places), end_x, end_y))
    label_ys = spread([end_y for *_, end_y in lines], 16.0, TOP + 6.0, HEIGHT - BOTTOM)
    return LineChart(
        tuple(Line(*line, label_y) for line, label_y in zip(lines, label_ys, strict=True)),
        tuple(Tick(value, _y(value, top)) for value in ticks),
        tuple((index, _x(index, count)) for index in label_indexes(count, max_labels)),
    )


def nice_ticks(largest: float) -> list[float]:
    """Returns the values of an axis from 0 up to at least `largest`: steps of 1, 2 or 5 times a power of ten, whole numbers."""
    wanted = max(largest, 1.0) / (MAX_TICKS - 1)
    power = 10.0 ** floor(log10(wanted))
    step = max(1.0, next(power * factor for factor in (1, 2, 5, 10) if power * factor >= wanted * (1 - 1e-9)))
    ticks = [0.0]
    while ticks[-1] < largest or len(ticks) < 2:
        ticks.append(ticks[-1] + step)
    return ticks


def label_indexes(count: int, most: int) -> list[int]:
    """Returns at most so many indexes, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(number * (count - 1) / (most - 1)) for number in range(most)]


def spread(places: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Returns places as near to the given ones as a distance between each two allows, in their order, from `low` to `high`."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    found = [min(max(place, low), high) for place in places]
    for before, after in pairwise(order):
        found[after] = max(found[after], found[before] + distance)
    limit = high
    for index in reversed(order):
        found[index] = min(found[index], limit)
        limit = found[index] - distance
    return found


def _x(index: int, count: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (index / (count - 1) if count > 1 else 0.5), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)
