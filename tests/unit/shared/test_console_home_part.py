"""The order in which the home view of the console shows what waits: age × money."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from referral.console.home_part import Need, by_urgency
from referral.events.money import POINTS, Value
from tests.support.builders.participants import day

NOW = day(9)


def need(hours: float | None, amount: int = 0, unit: str = "CNY", name: str = "") -> Need:
    """Returns a need whose first thing has waited so long, of which all are worth so much."""
    since = None if hours is None else NOW - timedelta(hours=hours)
    return Need("manual", 1, since, "/console", name, worth=(Value(amount, unit),) if amount else ())


def test_what_waits_is_ordered_by_age_times_money() -> None:
    """¥398 that wait for two hours come before four days without money, and a level that no one waits for comes last."""
    costly, old, level = need(2, 39_800), need(96), need(None, name="pool")
    assert by_urgency([level, old, costly], NOW) == [costly, old, level]
    assert by_urgency([need(400), costly], NOW) == [costly, need(400)]
    assert by_urgency([costly, need(900)], NOW) == [need(900), costly]


def test_amounts_are_compared_in_main_units_and_points_are_no_money() -> None:
    """¥10.00 is more than 9 yen, whose minor unit is the yen; a million points do not come before."""
    assert by_urgency([need(5, 9, "JPY"), need(5, 1000)], NOW)[0] == need(5, 1000)
    assert by_urgency([need(5, 1_000_000, POINTS), need(6)], NOW)[0] == need(6)


@given(st.lists(st.tuples(st.none() | st.floats(0, 10_000), st.integers(0, 10**9)), max_size=8))
def test_of_equal_money_the_older_is_first_and_nothing_is_left_out(given_needs: list[tuple[float | None, int]]) -> None:
    """Whatever waits."""
    needs = [need(hours, amount) for hours, amount in given_needs]
    ordered = by_urgency(needs, NOW)
    assert sorted(map(repr, ordered)) == sorted(map(repr, needs))
    for first, second in pairwise(ordered):
        if first.worth == second.worth and first.oldest_at and second.oldest_at:
            hour = NOW - timedelta(hours=1)
            assert min(first.oldest_at, hour) <= min(second.oldest_at, hour)
