"""Cursors: encoded values are decoded; any other text is a 400, never an internal error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.http import paging
from referral.http.problems import Problem

positions = st.tuples(st.integers(-(2**53), 2**53), st.text(max_size=100), st.none() | st.text(max_size=10))


@given(positions)
def test_a_cursor_is_decoded_to_its_value(position: tuple[int, str, str | None]) -> None:
    """The next page begins exactly where the last one ended."""
    cursor = paging.encode_cursor(position)
    assert paging.decode_cursor(cursor, tuple[int, str, str | None]) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()  # nothing that a URL would have to escape


@given(st.text(max_size=60))
def test_any_text_as_cursor_is_at_most_a_400(text: str) -> None:
    """An invalid cursor is a client error with a remedy."""
    with pytest.raises(Problem) as raised:
        paging.decode_cursor(text, tuple[int, str, bool])
    assert (raised.value.status, raised.value.code) == (400, "bad_cursor")


def test_a_cursor_with_a_value_of_another_type_is_rejected() -> None:
    """It belongs to another list."""
    with pytest.raises(Problem):
        paging.decode_cursor(paging.encode_cursor(["a", 1]), int)


@pytest.mark.parametrize("forged", [-1, 2**31, 10**30, 1.5, "1", None])
def test_an_offset_out_of_range_is_rejected(forged: object) -> None:
    """A forged cursor must not reach Redis, whose error would be a 500."""
    with pytest.raises(Problem) as raised:
        paging.decode_offset(paging.encode_cursor(forged))
    assert raised.value.code == "bad_cursor"


def test_an_offset_is_decoded_and_is_0_without_a_cursor() -> None:
    """The first page needs no cursor."""
    assert [paging.decode_offset(paging.encode_cursor(offset)) for offset in (0, 100, 2**31 - 1)] == [0, 100, 2**31 - 1]
    assert paging.decode_offset(None) == paging.decode_offset("") == 0


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=40))
def test_a_position_is_read_back_by_its_own_list_only(score: float, member: str) -> None:
    """A cursor of one board must not page through another."""
    cursor = paging.encode_position("board", score, member)
    assert paging.decode_position(cursor, "board") == paging.ListPosition(score, member)
    with pytest.raises(Problem) as raised:
        paging.decode_position(cursor, "other")
    assert (raised.value.status, raised.value.code) == (400, "bad_cursor")
    assert raised.value.errors[0]["pointer"] == "query:cursor"


@pytest.mark.parametrize("cursor", [None, ""])
def test_a_list_without_a_cursor_starts_at_its_beginning(cursor: str | None) -> None:
    """The first page needs no position."""
    assert paging.decode_position(cursor, "board") is None
