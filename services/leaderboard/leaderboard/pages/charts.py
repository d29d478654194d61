"""Geometry of charts that are drawn as SVG, and as tables behind them. Pure: numbers in, coordinates out.

The templates draw what these functions return; nothing here knows colours or words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
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
class Mark:
    """The place on the x-axis of what is annotated there, and its numbers: "2", or "2–3" for several at one point."""

    x: float
    numbers: str


@dataclass(frozen=True, slots=True)
class LineChart:
    """A chart with lines. `labels` are the indexes of the points that have a label on the x-axis, with their place.

    `before` are the polylines of the range before, on the same axes; `marks` what is annotated.
    """

    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[tuple[int, float], ...]
    before: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()


def line_chart(
    series: Sequence[tuple[str, Sequence[float]]],
    *,
    before: Sequence[Sequence[float]] = (),
    marks: Sequence[int] = (),
    max_labels: int = 5,
) -> LineChart:
    """Returns the chart of series that have as many points each, at least one.

    `before` are the values of the range before, cut to as many points; `marks` are indexes of points, the lowest first.
    """
    count = max((len(values) for _, values in series), default=1)
    everything = [*(values for _, values in series), *(values[:count] for values in before)]
    ticks = nice_ticks(max((value for values in everything for value in values), default=0.0))
    top = ticks[-1]
    lines = []
    for key, values in series:
        points = _coordinates(values, count, top)
        end_x, end_y = points[-1]
        lines.append((key, _polyline(points), end_x, end_y))
    label_ys = spread([end_y for *_, end_y in lines], 16.0, TOP + 6.0, HEIGHT - BOTTOM)
    return LineChart(
        tuple(Line(*line, label_y) for line, label_y in zip(lines, label_ys, strict=True)),
        tuple(Tick(value, _y(value, top)) for value in ticks),
        tuple((index, _x(index, count)) for index in label_indexes(count, max_labels)),
        tuple(_polyline(_coordinates(values[:count], count, top)) for values in before),
        tuple(_marks(marks, count)),
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


def _marks(indexes: Sequence[int], count: int) -> Iterator[Mark]:
    """Those at one point are one mark, as their numbers would cover each other."""
    for index, found in groupby(enumerate(indexes, start=1), key=lambda one: one[1]):
        numbers = [number for number, _ in found]
        yield Mark(_x(index, count), f"{numbers[0]}–{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}")


def _coordinates(values: Sequence[float], count: int, top: float) -> list[tuple[float, float]]:
    return [(_x(index, count), _y(value, top)) for index, value in enumerate(values)]


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _x(index: int, count: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (index / (count - 1) if count > 1 else 0.5), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)
