"""Cursors: what was written is read back; anything else is a problem, never an error of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.http import cursors
from referral.http.problems import Problem

positions = st.tuples(st.integers(-(2**53), 2**53), st.text(max_size=100), st.none() | st.text(max_size=10))


@given(positions)
def test_a_cursor_gives_back_its_position(position: tuple[int, str, str | None]) -> None:
    """A listing goes on exactly where it stopped."""
    cursor = cursors.write(position)
    assert cursors.read(cursor, tuple[int, str, str | None]) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()  # nothing that an address would have to escape


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_cursor(text: str) -> None:
    """A cursor that is not ours is answered 400 with what to do."""
    with pytest.raises(Problem) as raised:
        cursors.read(text, tuple[int, str, bool])
    assert (raised.value.status, raised.value.code) == (400, "bad_cursor")


def test_a_cursor_of_another_listing_is_refused() -> None:
    """A position of another shape leads nowhere."""
    with pytest.raises(Problem):
        cursors.read(cursors.write(["a", 1]), int)
