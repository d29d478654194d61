"""Boards read from real sorted sets: P of them read like a single sorted one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.board_store import BoardStore, board_name
from leaderboard.domain.ranking import BoardEntry, BoardSlice, RankedEntry
from referral.events.ids import person_digest, person_of
from referral.redis_client import RedisClient
from tests.support.builders.participants import PROGRAM, participant
from tests.support.examples import examples
from tests.support.redis_servers import empty, forget_scripts, on_both_kinds_of_redis
from tests.support.systems.leaderboard import PARTITIONS, set_scores

pytestmark = [pytest.mark.integration, on_both_kinds_of_redis]

BOARD = board_name(PROGRAM, "referrals", "all")
# Few counts and seconds, so that there are ties within partitions and across them.
SCORES = st.builds(lambda count, second: second - count * 2.0**32, st.integers(1, 3), st.integers(0, 2))
BYTES = st.sampled_from([0, 1, 127, 128, 255])
MEMBERS = st.builds(lambda first, last: person_of(bytes([first, *[0] * 8, last])), BYTES, BYTES)
BOARDS = st.dictionaries(MEMBERS, SCORES, max_size=40)
thorough = settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture])


def expected(scores: dict[str, float]) -> list[RankedEntry]:
    """Returns all entries, sorted by score and id."""
    return [
        RankedEntry(rank, BoardEntry.of(score, member))
        for rank, (score, member) in enumerate(sorted((s, m) for m, s in scores.items()), 1)
    ]


def store(redis: RedisClient, scores: dict[str, float]) -> BoardStore:
    """Returns a store on a Redis that contains only this board."""
    empty(redis)
    set_scores(redis, "all", scores)
    return BoardStore(redis, PARTITIONS)


@thorough
@given(scores=BOARDS, limit=st.integers(1, 50))
def test_the_top_and_the_pages_behind_it_are_the_whole_board_in_order(
    redis: RedisClient, scores: dict[str, float], limit: int
) -> None:
    """Each entry once, ranks without gaps, ties ordered by id, also across partitions."""
    boards, everything = store(redis, scores), expected(scores)
    page = boards.top(BOARD, limit)
    found = list(page.entries)
    while page.entries:
        assert page.total == len(everything)
        page = boards.after(BOARD, page.entries[-1].entry, limit)
        found += page.entries
    assert found == everything


@thorough
@given(scores=BOARDS.filter(bool), reach=st.integers(0, 5), chosen=st.integers(0, 1000))
def test_a_rank_and_its_neighbours_are_those_of_the_whole_board(
    redis: RedisClient, scores: dict[str, float], reach: int, chosen: int
) -> None:
    """Also with ties before and behind the entry, in its partition and in others."""
    everything = expected(scores)
    mine = chosen % len(everything)
    found = store(redis, scores).around(PROGRAM, BOARD, everything[mine].entry.participant, reach)
    assert found == BoardSlice(everything[max(0, mine - reach) : mine + reach + 1], len(everything))


@thorough
@given(scores=BOARDS, requested=st.lists(MEMBERS, max_size=8))
def test_counts_are_those_of_the_members_of_the_board(
    redis: RedisClient, scores: dict[str, float], requested: list[str]
) -> None:
    """The referrals of today are read like this, from today's board."""
    counts = store(redis, scores).counts(PROGRAM, BOARD, requested)
    assert counts == {member: -int(scores[member] // 2**32) for member in requested if member in scores}


@thorough
@given(scores=BOARDS)
def test_sums_and_counts_of_a_level_are_those_of_all_entries(redis: RedisClient, scores: dict[str, float]) -> None:
    """The referrals of the whole board, and how many people have one number of them."""
    boards, referrals = store(redis, scores), [one.entry.referrals for one in expected(scores)]
    assert boards.total_referrals([BOARD]) == sum(referrals)
    for level in range(5):
        assert boards.total_with(BOARD, level) == referrals.count(level)


def test_a_large_board_is_added_up_in_slices(redis: RedisClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call holds Redis for long."""
    monkeypatch.setattr("leaderboard.board_store._SLICE", 3)
    scores = {f"psn_{number:016}": number - 5 * 2.0**32 for number in range(50)}
    assert store(redis, scores).total_referrals([BOARD, BOARD]) == 500


def test_a_partition_with_all_of_the_top_entries_is_read_further(redis: RedisClient) -> None:
    """Short ranges rely on the hash; if they are too short, a second round trip reads the rest."""
    empty(redis)
    boards = BoardStore(redis, PARTITIONS)
    redis.zadd(boards._key(0, BOARD), {person_digest(f"psn_{number:016}"): float(number) for number in range(100)})
    assert [ranked.entry.participant for ranked in boards.top(BOARD, 100).entries] == [
        f"psn_{n:016}" for n in range(100)
    ]


def test_scripts_are_loaded_again_after_a_flush(redis: RedisClient) -> None:
    """SCRIPT FLUSH and restarts remove them; a rank can still be read."""
    amy = participant("amy").id
    boards = store(redis, {amy: -1.0})
    forget_scripts(redis)
    assert boards.around(PROGRAM, BOARD, amy, 1) == BoardSlice([RankedEntry(1, BoardEntry.of(-1.0, amy))], 1)


def test_a_text_that_is_no_person_id_is_on_no_board(redis: RedisClient) -> None:
    """Pages take any text for the person who looks at them."""
    boards = store(redis, {participant("amy").id: -1.0})
    assert boards.around(PROGRAM, BOARD, "xhs:amy", 1) is None
    assert boards.counts(PROGRAM, BOARD, ["psn_amy", participant("amy").id]) == {participant("amy").id: 1}
