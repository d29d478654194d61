"""Ranges of days: their points, the range before, and the periods that cover them."""

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.date_range import (
    DateRange,
    Unit,
    periods_covering,
    points_of,
    range_before,
    whole_units,
)
from leaderboard.domain.periods import days, window
from tests.support.builders.leaderboard import ZONE

UNITS = st.sampled_from(get_args(Unit))
RANGES = st.builds(
    lambda first, length: DateRange(first, first + timedelta(days=length)),
    st.dates(date(2001, 1, 1), date(2030, 1, 1)),
    st.integers(0, 400),
)


@given(chosen=RANGES, unit=UNITS)
def test_the_points_of_a_range_are_all_of_its_days_once(chosen: DateRange, unit: Unit) -> None:
    """Weeks and months are whole, so the range is extended to them, by less than one on each side."""
    whole = whole_units(chosen, unit)
    points = points_of(whole, unit)
    assert [day for point in points for day in point.days] == list(whole.days)
    assert set(chosen.days) <= set(whole.days)
    longest = {"day": 0, "week": 6, "month": 30, "all": 0}[unit]
    assert (chosen.first - whole.first).days <= longest
    assert (whole.last - chosen.last).days <= longest


@given(chosen=RANGES, unit=UNITS)
def test_the_range_before_ends_the_day_before_and_has_as_many_points(chosen: DateRange, unit: Unit) -> None:
    """A month is compared with a month, whatever their lengths."""
    whole = whole_units(chosen, unit)
    before = range_before(whole, unit)
    assert before.last == whole.first - timedelta(days=1)
    assert whole_units(before, unit) == before
    assert len(points_of(before, unit)) == len(points_of(whole, unit))


@given(chosen=RANGES)
def test_the_periods_that_cover_a_range_are_all_of_its_days_once(chosen: DateRange) -> None:
    """So what counts on their boards adds up to what counts in the range."""
    names = periods_covering(chosen)
    covered = [day for name in names for day in days(window(name, 0, ZONE), ZONE)]
    assert covered == [day.isoformat() for day in chosen.days]
    assert len(names) <= chosen.length // 28 + 2 * (6 + 4 + 6), "days up to a week, weeks up to a month, and months"


def test_a_range_of_a_month_a_week_or_a_day_has_its_name() -> None:
    """The name by which boards have it; other ranges are written as ISO 8601 intervals."""
    assert DateRange(date(2026, 11, 1), date(2026, 11, 30)).name == "2026-11"
    assert DateRange(date(2026, 12, 28), date(2027, 1, 3)).name == "2026-W53"
    assert DateRange(date(2026, 11, 24), date(2026, 11, 24)).name == "2026-11-24"
    assert DateRange(date(2026, 11, 3), date(2026, 11, 5)).name == "2026-11-03/2026-11-05"


def test_a_range_does_not_end_before_it_begins() -> None:
    """It has at least one day."""
    with pytest.raises(ValueError, match="ends on its first day or later"):
        DateRange(date(2026, 11, 2), date(2026, 11, 1))
