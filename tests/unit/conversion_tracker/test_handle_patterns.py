"""Handles that look like throw-away accounts are recognized; other people's are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.handle_patterns import handle_matches


@pytest.mark.parametrize(
    "handle",
    [
        "小红薯5F3A2B1C",
        "用户 7312345678",
        "User48213",
        "@guest_17",
        "wxid_a1b2c3d4",
        "１２３４５６",
        "aaaaaa",
        "test",
        "qwerty123",
    ],
)
def test_a_name_that_platforms_or_scripts_assign_matches_a_built_in_pattern(handle: str) -> None:
    """Given by a platform, counted up or typed in a hurry; in whatever case and width."""
    assert handle_matches(handle, ()) == (0,)


@pytest.mark.parametrize("handle", ["小满不熬夜", "Userena", "tester of creams", "Amy88", "momo", "柚子同学3", "ada"])
def test_a_name_of_ones_own_matches_none(handle: str) -> None:
    """Digits alone make no name disposable."""
    assert handle_matches(handle, ()) == ()


@pytest.mark.parametrize(
    ("handle", "numbers"),
    [
        ("shill_7", (1,)),
        ("x@Mailinator.com", (2,)),
        ("BOT7x", (3,)),
        ("my shill_7", ()),
        ("botx1", ()),
        ("test", (0, 4)),
    ],
)
def test_a_programs_own_patterns_are_numbered_from_1(handle: str, numbers: tuple[int, ...]) -> None:
    """Whole names, in whatever case; every pattern that matches has its number on the log."""
    assert handle_matches(handle, ("Shill_*", "*@mailinator.com", "bot[0-9]?", "te*")) == numbers


@given(st.text(max_size=64), st.lists(st.text(min_size=1, max_size=64), max_size=5))
def test_any_handle_and_any_patterns_give_numbers_in_order(handle: str, patterns: list[str]) -> None:
    """Whatever a program file or a sender writes."""
    found = handle_matches(handle, patterns)
    assert found == tuple(sorted(set(found)))
    assert all(0 <= number <= len(patterns) for number in found)
