"""Prize ladders: after any corrections, prizes are those of the valid candidates in order."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.domain.prize_ladder import Ladder, PlacePrize, award, with_void

PEOPLE = tuple(f"p{number}" for number in range(8))
PRIZES = (PlacePrize(1, 1, "grand", "grand"), PlacePrize(2, 4, "gift", "gift"))
LADDER = Ladder("board:referrals:2026-11", 1, 1000, PEOPLE, PRIZES)


def expected(valid: list[str]) -> dict[str, str]:
    """Who should have what."""
    return dict(zip(valid, ["grand", "gift", "gift", "gift"], strict=False))


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.booleans(), st.integers(0, 999)), max_size=30))
def test_the_prizes_follow_from_who_is_void_now(steps: list[tuple[str, bool, int]]) -> None:
    """Awards and revocations together give the same as starting with the void ones."""
    change = award(LADDER)
    having = {(one.participant, one.prize.prize) for one in change.awarded}
    void: set[str] = set()
    for person, is_void, second in steps:
        change = with_void(change.ladder, person, void=is_void, second=second)
        void = void | {person} if is_void else void - {person}
        having -= {(one.participant, one.prize.prize) for one in change.revoked}
        having |= {(one.participant, one.prize.prize) for one in change.awarded}
        assert dict(having) == expected([one for one in PEOPLE if one not in void])
    assert change.ladder.awards == award(replace(LADDER, void=tuple(sorted(void)))).ladder.awards


def test_nothing_moves_from_the_end_of_the_holding_period_on() -> None:
    """Then the prizes are paid."""
    ladder = award(LADDER).ladder
    assert with_void(ladder, "p0", void=True, second=1000).ladder == ladder


def test_who_only_moves_within_a_prize_keeps_it() -> None:
    """Place 3 and place 2 earn the same: nothing is taken back."""
    change = with_void(award(LADDER).ladder, "p1", void=True, second=0)
    assert [one.participant for one in change.revoked] == ["p1"]
    assert [one.participant for one in change.awarded] == ["p4"]
