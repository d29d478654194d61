"""Geometry of charts: everything is inside, nothing overlaps, and the axis is readable."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.pages.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MAX_TICKS,
    RIGHT,
    TOP,
    WIDTH,
    label_indexes,
    line_chart,
    nice_ticks,
    spread,
)

counts = st.integers(0, 10**9)


@given(st.floats(0, 1e12))
def test_ticks_begin_at_zero_cover_the_largest_value_and_are_few(largest: float) -> None:
    """Steps are equal, whole, and 1, 2 or 5 times a power of ten."""
    ticks = nice_ticks(largest)
    assert ticks[0] == 0
    assert ticks[-1] >= largest
    assert 2 <= len(ticks) <= MAX_TICKS + 1
    step = ticks[1]
    assert float(f"{step:.0e}"[0]) in (1, 2, 5)
    assert all(after - before == pytest.approx(step) for before, after in pairwise(ticks))


def test_a_small_count_has_whole_numbers() -> None:
    """Half a follower would be odd."""
    assert nice_ticks(2) == [0, 1, 2]
    assert nice_ticks(0) == [0, 1]


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=90))
def test_every_point_is_inside_the_chart(values: list[tuple[int, int]]) -> None:
    """Of both series, in order from left to right, the larger value never below the smaller."""
    chart = line_chart([("a", [one for one, _ in values]), ("b", [two for _, two in values])])
    for line in chart.lines:
        points = [tuple(map(float, point.split(","))) for point in line.points.split()]
        assert len(points) == len(values)
        assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in points)
        assert all(before[0] < after[0] for before, after in pairwise(points))
        for (x, y), (before, _) in zip(points, pairwise([*points, points[-1]]), strict=False):
            assert (x, y) == before
    for index, (one, two) in enumerate(values):
        ys = [float(line.points.split()[index].split(",")[1]) for line in chart.lines]
        assert (ys[0] <= ys[1]) if one >= two else (ys[0] >= ys[1])


@given(st.lists(st.floats(0, 200), min_size=1, max_size=5))
def test_labels_keep_their_order_and_distance(places: list[float]) -> None:
    """Also where all series end at the same height."""
    found = spread(places, 16, 0, 200)
    assert all(-1e-6 <= place <= 200 + 1e-6 for place in found)
    ordered = [found[index] for index in sorted(range(len(places)), key=lambda index: places[index])]
    assert all(after - before >= 16 - 1e-6 for before, after in pairwise(ordered))


@given(st.integers(1, 366), st.integers(2, 7))
def test_the_first_and_the_last_point_have_a_label(count: int, most: int) -> None:
    """At most so many, each once."""
    found = label_indexes(count, most)
    assert found[0] == 0
    assert found[-1] == count - 1
    assert len(found) == min(count, most) == len(set(found))


def test_marks_at_one_point_are_one_with_all_their_numbers() -> None:
    """Several things may happen on one day: their numbers would cover each other."""
    found = line_chart([("all", [1, 2, 3, 4])], marks=[0, 2, 2, 2, 3]).marks
    assert [one.numbers for one in found] == ["1", "2–4", "5"]
    assert len({one.x for one in found}) == 3
