"""Boards read from real sorted sets: P of them read like one that was simply sorted."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from leaderboard.board_store import BoardStore
from leaderboard.domain.ranking import BoardEntry, BoardSlice, RankedEntry
from leaderboard.folds import state_keys
from tests.support.builders.participants import PROGRAM
from tests.support.systems.leaderboard import PARTITIONS, set_scores

pytestmark = pytest.mark.integration

BOARD = state_keys.board(PROGRAM, "referrals", "all")
# Few counts and seconds, so that ties lie in one partition and across them.
SCORES = st.builds(lambda count, second: second - count * 2.0**32, st.integers(1, 3), st.integers(0, 2))
MEMBERS = st.text("abc_0", min_size=1, max_size=4).map("par_{}".format)
STANDING = st.dictionaries(MEMBERS, SCORES, max_size=40)
thorough = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


def expected(standing: dict[str, float]) -> list[RankedEntry]:
    """Everything sorted by (score, id)."""
    return [
        RankedEntry(rank, BoardEntry(score, member))
        for rank, (score, member) in enumerate(sorted((s, m.encode()) for m, s in standing.items()), 1)
    ]


def store(redis: "Redis", standing: dict[str, float]) -> BoardStore:
    """A store over a Redis that holds nothing but this board."""
    redis.flushdb()
    set_scores(redis, "all", standing)
    return BoardStore(redis, PARTITIONS)


@thorough
@given(standing=STANDING, limit=st.integers(1, 50))
def test_the_top_and_the_pages_behind_it_are_the_whole_board_in_order(
    redis: "Redis", standing: dict[str, float], limit: int
) -> None:
    """Nobody twice, nobody missing, ranks without gaps, ties by id wherever they lie."""
    boards, everything = store(redis, standing), expected(standing)
    page = boards.top(BOARD, limit)
    found = list(page.entries)
    while page.entries:
        assert page.total == len(everything)
        page = boards.after(BOARD, page.entries[-1].entry, limit)
        found += page.entries
    assert found == everything


@thorough
@given(standing=STANDING.filter(bool), reach=st.integers(0, 5), chosen=st.integers(0, 1000))
def test_my_rank_and_neighbours_are_cut_out_of_the_whole_board(
    redis: "Redis", standing: dict[str, float], reach: int, chosen: int
) -> None:
    """Also where my score is shared by others, before me and behind me, in my partition and in others."""
    everything = expected(standing)
    mine = chosen % len(everything)
    found = store(redis, standing).around(PROGRAM, BOARD, everything[mine].entry.participant, reach)
    assert found == BoardSlice(everything[max(0, mine - reach) : mine + reach + 1], len(everything))


@thorough
@given(standing=STANDING, asked=st.lists(MEMBERS, max_size=8))
def test_counts_are_given_for_those_who_stand_and_nobody_else(
    redis: "Redis", standing: dict[str, float], asked: list[str]
) -> None:
    """What came today is read from today's board."""
    counts = store(redis, standing).counts(PROGRAM, BOARD, asked)
    assert counts == {who: -int(standing[who] // 2**32) for who in asked if who in standing}


def test_a_partition_that_holds_all_of_the_best_is_read_on(redis: "Redis") -> None:
    """The short ranges are a bet on the hash; a lost bet costs a second trip, never an entry."""
    redis.flushdb()
    boards = BoardStore(redis, PARTITIONS)
    home = next(number for number in range(PARTITIONS))
    redis.zadd(boards._key(home, BOARD), {f"par_{number:03}": float(number) for number in range(100)})
    assert [one.entry.participant for one in boards.top(BOARD, 100).entries] == [f"par_{n:03}" for n in range(100)]


def test_scripts_come_back_after_a_flush(redis: "Redis") -> None:
    """FLUSHALL drops scripts too; a rank is answered all the same."""
    boards = store(redis, {"par_a": -1.0})
    redis.script_flush()
    assert boards.around(PROGRAM, BOARD, "par_a", 1) == BoardSlice([RankedEntry(1, BoardEntry(-1.0, b"par_a"))], 1)
