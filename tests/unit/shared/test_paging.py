"""Cursors: what was written is read back; anything else is a problem, never an error of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.http import paging
from referral.http.problems import Problem

positions = st.tuples(st.integers(-(2**53), 2**53), st.text(max_size=100), st.none() | st.text(max_size=10))


@given(positions)
def test_a_cursor_gives_back_its_position(position: tuple[int, str, str | None]) -> None:
    """A listing goes on exactly where it stopped."""
    cursor = paging.encode_cursor(position)
    assert paging.decode_cursor(cursor, tuple[int, str, str | None]) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()  # nothing that an address would have to escape


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_cursor(text: str) -> None:
    """A cursor that is not ours is answered 400 with what to do."""
    with pytest.raises(Problem) as raised:
        paging.decode_cursor(text, tuple[int, str, bool])
    assert (raised.value.status, raised.value.code) == (400, "bad_cursor")


def test_a_cursor_of_another_listing_is_refused() -> None:
    """A position of another shape leads nowhere."""
    with pytest.raises(Problem):
        paging.decode_cursor(paging.encode_cursor(["a", 1]), int)


@pytest.mark.parametrize("forged", [-1, 2**31, 10**30, 1.5, "1", None])
def test_a_place_that_no_listing_has_is_refused(forged: object) -> None:
    """A forged cursor is the caller's mistake; it must never reach Redis, which would call it an error of ours."""
    with pytest.raises(Problem) as raised:
        paging.decode_offset(paging.encode_cursor(forged))
    assert raised.value.code == "bad_cursor"


def test_a_place_is_read_back_and_no_cursor_is_the_beginning() -> None:
    """What a listing wrote it reads."""
    assert [paging.decode_offset(paging.encode_cursor(place)) for place in (0, 100, 2**31 - 1)] == [0, 100, 2**31 - 1]
    assert paging.decode_offset(None) == paging.decode_offset("") == 0


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=40))
def test_a_position_is_read_back_by_its_own_list_only(score: float, member: str) -> None:
    """A cursor of one board must not page through another."""
    cursor = paging.encode_position("board", score, member)
    assert paging.decode_position(cursor, "board") == paging.Position(score, member)
    with pytest.raises(Problem) as raised:
        paging.decode_position(cursor, "other")
    assert (raised.value.status, raised.value.code) == (400, "bad_cursor")
    assert raised.value.errors[0]["pointer"] == "query:cursor"


@pytest.mark.parametrize("cursor", [None, ""])
def test_a_list_without_a_cursor_starts_at_its_beginning(cursor: str | None) -> None:
    """The first page needs no position."""
    assert paging.decode_position(cursor, "board") is None
