"""Yesterday's places, computed from what changed today, are those of yesterday's whole board."""

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.movement import ChangedEntry, ranks_before
from leaderboard.domain.ranking import BoardEntry, with_ranks
from leaderboard.domain.score import score_of
from tests.support.builders.participants import person_id

PEOPLE = [person_id(f"xhs:{name}") for name in "abcdefghij"]
COUNTS = st.tuples(st.integers(0, 4), st.integers(0, 3))  # count and when the last of them was, at the end of yesterday
GAINS = st.tuples(st.integers(0, 3), st.integers(4, 6))  # what was counted today, and when


def board(counts: dict[str, tuple[int, int]]) -> list[BoardEntry]:
    """Returns the entries of people who counted something, best first."""
    return sorted(BoardEntry.of(score_of(count, at), who) for who, (count, at) in counts.items() if count)


@given(
    yesterday=st.dictionaries(st.sampled_from(PEOPLE), COUNTS),
    gains=st.dictionaries(st.sampled_from(PEOPLE), GAINS),
    most=st.integers(0, 10),
)
def test_places_of_yesterday_are_those_of_its_board(
    yesterday: dict[str, tuple[int, int]], gains: dict[str, tuple[int, int]], most: int
) -> None:
    """For everyone who is shown today, with ties by time and by id; who was not on the board has none."""
    today = dict(yesterday)
    for who, (gain, at) in gains.items():
        if gain:
            today[who] = (yesterday.get(who, (0, 0))[0] + gain, at)
    now, before = board(today), {entry.participant: entry for entry in board(yesterday)}
    changed = [
        ChangedEntry(entry, before.get(entry.participant)) for entry in now if gains.get(entry.participant, (0,))[0]
    ]
    shown = with_ranks(now, 0)[:most]
    ahead = {one.now.participant: sum(entry < one.before for entry in now) for one in changed if one.before is not None}
    ranks = {entry.participant: rank for rank, entry in enumerate(board(yesterday), 1)}
    assert ranks_before(shown, changed, ahead) == {
        one.entry.participant: ranks.get(one.entry.participant) for one in shown
    }
