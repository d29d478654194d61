"""Periods: which seconds belong to which day, week and month of a time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.day_buckets import bucket_of, buckets_of
from leaderboard.domain.periods import END_OF_TIME_S, PERIODS, UnknownPeriod, day_name, days, window, windows

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
def test_a_second_belongs_to_the_periods_of_its_local_time(second: int, zone: str) -> None:
    """The oracle is strftime in the time zone."""
    local = datetime.fromtimestamp(second, ZoneInfo(zone))
    found = windows(second, zone)
    assert [window.name for window in found] == [f"{local:%Y-%m-%d}", f"{local:%G-W%V}", f"{local:%Y-%m}", "all"]
    assert all(window.contains(second) for window in found)
    assert day_name(second, zone) == found[0].name


@given(second=SECONDS, zone=ZONES)
def test_periods_follow_each_other_without_gap_or_overlap(second: int, zone: str) -> None:
    """The first second after a period is the first of the next, also when clocks change."""
    for one in windows(second, zone)[:3]:
        after = window(one.kind, one.end_s, zone)
        assert after.start_s == one.end_s
        assert after.name != one.name


@given(second=SECONDS, zone=ZONES)
def test_a_period_has_a_name_and_a_kind(second: int, zone: str) -> None:
    """The `period` of a response can be used in the next request."""
    for kind, one in zip(PERIODS, windows(second, zone), strict=True):
        assert window(one.name, 0, zone) == window(kind, second, zone) == one


@given(second=SECONDS, zone=ZONES)
def test_the_buckets_of_a_month_contain_all_of_its_days(second: int, zone: str) -> None:
    """Day counts are stored in buckets that follow from the second alone; a period reads all buckets of its days."""
    month = windows(second, zone)[2]
    names = list(days(month, zone))
    assert windows(second, zone)[0].name in names
    assert all(name.startswith(month.name) for name in names)
    assert bucket_of(second) in buckets_of(month.start_s, month.end_s)


@pytest.mark.parametrize(
    "name",
    [
        *("", "2026-13", "2026-W54", "2026-02-30", "yesterday", "2026-1", "2026-W00", "2025-02-29", "2026-11-24T00"),
        *(
            "0000-01",
            "0001-W01",
            "0001-01",
            "0001-01-01",
            "1969-12-31",
            "1969-W52",
            "2106-01",
            "9999-W53",
            "9999-12-31",
        ),
        *(
            "\uff12\uff10\uff12\uff16-11",
            "\u0662\u0660\u0662\u0666-\u0661\u0661",
            "2026-11\n",
            "2026-11\x00",
            "-2026-11",
            "x" * 500,
        ),
    ],
)
def test_an_invalid_period_is_refused_with_what_to_write(name: str) -> None:
    """The message states how a period is written, and from which year to which."""
    with pytest.raises(UnknownPeriod, match="write day, week, month, campaign or all, or name one from 1970 to 2105"):
        window(name, 0, "Asia/Shanghai")


FOUR, TWO = (st.integers(0, 10**digits - 1).map(f"{{:0{digits}}}".format) for digits in (4, 2))
NAMES = st.one_of(
    st.builds("{}-{}-{}".format, FOUR, TWO, TWO),
    st.builds("{}-W{}".format, FOUR, TWO),
    st.builds("{}-{}".format, FOUR, TWO),
    st.text(max_size=20),
)
EVERY_ZONE = st.sampled_from(sorted(available_timezones()))


@given(name=NAMES, zone=EVERY_ZONE)
def test_any_text_is_a_period_that_scores_can_hold_or_is_refused(name: str, zone: str) -> None:
    """In every time zone: never another error, and never a second that the state of a board cannot hold."""
    try:
        found = window(name, 1_800_000_000, zone)
    except UnknownPeriod:
        return
    assert -24 * 3600 * 8 < found.start_s < found.end_s <= END_OF_TIME_S
    assert found.kind == "all" or list(days(found, zone))


@given(second=SECONDS, zone=EVERY_ZONE)
def test_the_years_of_periods_have_every_period(second: int, zone: str) -> None:
    """No day, week or month of these years is refused."""
    assert all(window(one.name, 0, zone) == one for one in windows(second, zone))
