"""The oracle's closed boards and draws: by the recursive definitions, equal to what the system and `verify` compute."""

from collections import Counter
from hashlib import sha256
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from referral.verification.merkle_tree import leaf_hash, root_of
from referral.verification.weighted_draw import draw_entries
from referral_tools.oracle import BoardStep, ClosedPlace, HeldDraw, closed_rows, draw_people, merkle_root
from referral_tools.oracle.closed_boards import prize_winners
from tests.support.builders.journals import hour

ZONE = ZoneInfo("Asia/Shanghai")
DAY = "2026-11-02"


def step(offset: int, referrer: str, at: float, *, partition: int = 0, counts: bool = True) -> BoardStep:
    """A line of the log."""
    return BoardStep(partition, offset, referrer, hour(at), counts)


@given(st.lists(st.binary(max_size=20), max_size=40))
def test_the_root_is_that_of_the_tree(leaves: list[bytes]) -> None:
    """The recursive definition of the standard, and the tree that is built level by level."""
    assert merkle_root(leaves) == root_of([leaf_hash(leaf) for leaf in leaves])


def test_a_board_has_what_each_partition_counted_before_its_position() -> None:
    """Later lines, other days and partitions that the closing does not name are not on it; what was taken away is not either."""
    steps = [
        step(1, "psn_a", 1),
        step(2, "psn_a", 2),
        step(3, "psn_b", 3),
        step(4, "psn_b", 3, counts=False),
        step(5, "psn_c", 30),
        step(9, "psn_a", 4),
        step(1, "psn_d", 1, partition=1),
        step(1, "psn_e", 1, partition=2),
    ]
    found = closed_rows(steps, DAY, {0: 9, 1: 2}, ZONE)
    second = int(hour(0).timestamp())
    assert found == [
        ClosedPlace(1, "psn_a", 2, second + 2 * 3600),
        ClosedPlace(2, "psn_d", 1, second + 3600),
    ]
    assert found[0].leaf == f"1 psn_a 2 {second + 7200}".encode()


def test_a_referral_that_was_taken_away_and_counts_again_counts_once() -> None:
    """In the order of the log."""
    steps = [step(1, "psn_a", 1), step(2, "psn_a", 1, counts=False), step(3, "psn_a", 1)]
    assert [place.score for place in closed_rows(steps, DAY, {0: 9}, ZONE)] == [1]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.integers(1, 6), st.binary(min_size=16, max_size=16))
def test_a_draw_is_that_of_the_declared_rule(scores: list[int], count: int, secret: bytes) -> None:
    """All tickets in one list, and by sums of tickets: the same people in the same order."""
    places = [ClosedPlace(rank, f"psn_{rank}", score, 0) for rank, score in enumerate(scores, 1)]
    randomness = sha256(secret + leaf_hash(places[-1].leaf)).digest()
    expected = [places[index].participant for index in draw_entries(scores, count, randomness)]
    assert draw_people(places, secret, count) == expected
    assert max(Counter(expected).values()) == 1


def test_a_winner_without_anything_left_is_replaced() -> None:
    """The next one who was drawn moves up."""
    draw = HeldDraw("mask", "spring", "2026-11", 2, ["psn_a", "psn_b", "psn_c"])
    assert prize_winners(draw, {"psn_c", "psn_b", "psn_x"}) == ["psn_b", "psn_c"]
    assert draw.trigger == "draw:spring:2026-11"
