"""The rows of the board page: equal counts far down share a row, and each person is in exactly one row."""

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.pages.board_rows import MIN_TIED, SINGLE_ROWS, BoardRow, TiedRow, combine_ties

COUNTS = st.lists(st.integers(1, 4), max_size=60).map(lambda counts: sorted(counts, reverse=True))


def board_rows(counts: list[int], me: int | None = None) -> list[BoardRow]:
    """Returns a row for each count; `me` is the rank of the reader."""
    return [
        BoardRow(rank, f"psn_{rank}", f"Name {rank}", count, 0, is_me=rank == me)
        for rank, count in enumerate(counts, 1)
    ]


def test_hundred_people_with_one_friend_are_one_row() -> None:
    """`21–104: 84 people with 1 friend`, although only a hundred of them were read."""
    rows = combine_ties(board_rows([9] * 20 + [1] * 80), 104)
    assert rows[20] == TiedRow(21, 104, 1, [f"Name {rank}" for rank in range(21, 101)])
    assert (len(rows), rows[20].people) == (21, 84)


def test_the_reader_keeps_a_row_of_their_own() -> None:
    """Their row is where the pinned one leads to."""
    rows = combine_ties(board_rows([9] * 20 + [1] * 20, me=30), 40)
    assert [(row.first, row.last) if isinstance(row, TiedRow) else row.rank for row in rows[20:]] == [
        (21, 29),
        30,
        (31, 40),
    ]


@given(counts=COUNTS, me=st.none() | st.integers(1, 60), more=st.integers(0, 9))
def test_every_rank_is_in_exactly_one_row(counts: list[int], me: int | None, more: int) -> None:
    """In order; the first places are never combined; people of one row have equal counts."""
    rows = combine_ties(board_rows(counts, me), len(counts) + more if counts else 0)
    ranks = [
        rank for row in rows for rank in (range(row.first, row.last + 1) if isinstance(row, TiedRow) else [row.rank])
    ]
    assert ranks[: len(counts)] == list(range(1, len(counts) + 1))
    assert all(isinstance(row, BoardRow) for row in rows[:SINGLE_ROWS])
    for row in rows:
        if isinstance(row, TiedRow):
            assert row.people >= MIN_TIED
            assert {counts[rank - 1] for rank in range(row.first, min(row.last, len(counts)) + 1)} == {row.referrals}
