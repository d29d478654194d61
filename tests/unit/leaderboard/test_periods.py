"""Periods: which seconds lie in which day, week and month of a zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.day_buckets import bucket_of, buckets_of
from leaderboard.domain.periods import PERIODS, UnknownPeriod, days, window, windows

ZONES = st.sampled_from(
    [
        "Asia/Shanghai",
        "America/New_York",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
        "Pacific/Apia",
    ]
)
SECONDS = st.integers(
    int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2090, 1, 1, tzinfo=UTC).timestamp())
)


@given(second=SECONDS, zone=ZONES)
def test_a_second_lies_in_the_periods_that_the_clock_on_the_wall_names(second: int, zone: str) -> None:
    """The oracle is the wall clock itself: strftime in the zone."""
    local = datetime.fromtimestamp(second, ZoneInfo(zone))
    found = windows(second, zone)
    assert [one.name for one in found] == [f"{local:%Y-%m-%d}", f"{local:%G-W%V}", f"{local:%Y-%m}", "all"]
    assert all(one.contains(second) for one in found)


@given(second=SECONDS, zone=ZONES)
def test_periods_follow_each_other_without_gap_or_overlap(second: int, zone: str) -> None:
    """The first second after a period is the first of the next, whatever the clocks do that night."""
    for one in windows(second, zone)[:3]:
        after = window(one.kind, one.end_s, zone)
        assert after.start_s == one.end_s
        assert after.name != one.name


@given(second=SECONDS, zone=ZONES)
def test_a_period_is_found_by_its_name_and_by_its_kind(second: int, zone: str) -> None:
    """What the API answers as `period` can be asked for again."""
    for kind, one in zip(PERIODS, windows(second, zone), strict=True):
        assert window(one.name, 0, zone) == window(kind, second, zone) == one


@given(second=SECONDS, zone=ZONES)
def test_the_days_of_a_month_are_all_of_its_days_and_their_blocks_hold_them(second: int, zone: str) -> None:
    """Counts by day lie in blocks named by the second alone; no day of a period may lie in a block it does not read."""
    month = windows(second, zone)[2]
    names = list(days(month, zone))
    assert windows(second, zone)[0].name in names
    assert all(name.startswith(month.name) for name in names)
    assert bucket_of(second) in buckets_of(month.start_s, month.end_s)


@pytest.mark.parametrize("name", ["", "2026-13", "2026-W54", "2026-02-30", "0000-01", "9999-12", "yesterday", "2026-1"])
def test_what_names_no_period_is_refused_with_what_to_write(name: str) -> None:
    """A wrong period is the caller's mistake, and the answer says how it is written."""
    with pytest.raises(UnknownPeriod, match="write day, week, month or all"):
        window(name, 0, "Asia/Shanghai")
