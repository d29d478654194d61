"""Reach: who is two and three degrees below a person counts, in any order of follows, unfollows, cycles and bans.

`ReferralGraph.check` compares the sums on the log with a walk over the referrals; the tests of cycles call it too.
"""

from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from conversion_tracker.graph.reach import ReachState, change_of_referee, changes_for
from referral.events.edges import MAX_QUARTERS, EdgeRemoved
from referral.events.timestamps import to_datetime
from tests.support.builders.participants import PROGRAM
from tests.support.examples import examples
from tests.support.folds import PARTITIONS
from tests.support.scenarios.referral_graph import ReferralGraph

Deed = Callable[[ReferralGraph], object]
_person = st.integers(0, 5)
_pair = st.tuples(_person, _person).filter(lambda two: two[0] != two[1])
_brings = st.builds(lambda two, since: lambda graph: graph.attribute(*two, since), _pair, st.integers(1, 12))
_leaves = st.builds(lambda one: lambda graph: graph.unattribute(one), _person)
_bans = st.builds(lambda one, yes: lambda graph: graph.ban(one, yes), _person, st.booleans())
_turns = st.builds(
    lambda partition, most: lambda graph: graph.run_once(partition, most),
    st.integers(0, PARTITIONS - 1),
    st.integers(1, 4),
)
_deeds = st.lists(st.one_of(_brings, _brings, _brings, _leaves, _bans, _turns, _turns), min_size=4, max_size=60)


def chain(graph: ReferralGraph, people: int) -> None:
    """Each person is brought by the one before: 1 by 0, 2 by 1, …"""
    for one in range(1, people):
        graph.attribute(one, one - 1, one)
        graph.drain()


def total(graph: ReferralGraph) -> dict[int, int]:
    """Returns each person's reach."""
    reach: Counter[int] = Counter()
    for (person, _, _), number in graph.reach().items():
        reach[person] += number
    return dict(reach)


@settings(max_examples=examples(200))
@given(_deeds)
def test_reach_is_that_of_the_referrals_in_effect_in_any_interleaving(deeds: list[Deed]) -> None:
    """People come, leave, change referrers and are banned while partitions are read in any order and batches."""
    graph = ReferralGraph()
    for deed in deeds:
        deed(graph)
    graph.drain()
    assert not graph.log.lines("rejected")
    assert graph.reach() == graph.expected_reach()


@settings(max_examples=examples(30))
@given(_deeds)
def test_a_refold_gives_the_same_states_and_no_further_line(deeds: list[Deed]) -> None:
    """What a node keeps about its reach follows from the log alone."""
    graph = ReferralGraph()
    for deed in deeds:
        deed(graph)
    graph.drain()
    before, lines = graph.snapshot(), {place: len(records) for place, records in graph.log.records.items()}
    graph.refold()
    assert graph.snapshot() == before
    assert {place: len(records) for place, records in graph.log.records.items()} == lines


def test_friends_of_friends_and_their_friends_count_and_no_one_further() -> None:
    """In a chain of six the first has two below: at the second degree and at the third."""
    graph = ReferralGraph()
    chain(graph, 6)
    assert total(graph) == {0: 2, 1: 2, 2: 2, 3: 1}


def test_a_network_that_joins_later_counts_at_once_and_is_taken_back_with_its_edge() -> None:
    """A person with friends of friends is brought by someone: all of them count above, until that referral is undone."""
    graph = ReferralGraph()
    chain(graph, 4)
    graph.attribute(0, 5, 9)
    graph.drain()
    assert total(graph) == {0: 2, 1: 1, 5: 2}
    graph.unattribute(0)
    graph.drain()
    assert total(graph) == {0: 2, 1: 1}


def test_what_a_banned_person_brought_counts_for_no_one_until_the_ban_is_lifted() -> None:
    """The banned person themselves still counts for those above."""
    graph = ReferralGraph()
    chain(graph, 5)
    graph.ban(2, True)
    graph.drain()
    assert total(graph) == {0: 1, 2: 1}
    graph.ban(2, False)
    graph.drain()
    assert total(graph) == {0: 2, 1: 2, 2: 1}


def test_a_referral_without_anyone_above_its_referrer_sends_no_line_about_reach() -> None:
    """An ordinary referral costs what it cost before."""
    graph = ReferralGraph()
    for one in range(1, 6):
        graph.attribute(one, 0, one)
    graph.drain()
    assert len(graph.log.lines("attributions")) == 5 + 5
    assert not graph.reach()


def test_a_large_change_is_sent_in_lines_of_limited_size() -> None:
    """Years of quarters of an hour are more than one line holds."""
    line = EdgeRemoved(occurred_at=to_datetime(1), program=PROGRAM, participant="p", referral="r")
    change = dict.fromkeys(range(2 * MAX_QUARTERS + 1), 1)
    lines = list(changes_for("p", 2, change, line))
    assert [len(one.quarters) for one in lines] == [MAX_QUARTERS, MAX_QUARTERS, 1]
    assert dict(quarter for one in lines for quarter in one.quarters) == change


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3)), max_size=20), st.randoms())
def test_the_state_is_the_same_in_any_order_of_changes(changes: list[tuple[int, int]], chance: object) -> None:
    """Equal bytes, without zeros."""
    state = shuffled = ReachState()
    for change in changes:
        state = state.plus([change])
    for change in sorted(changes, key=lambda _: chance.random()):  # type: ignore[attr-defined] # hypothesis's Random
        shuffled = shuffled.plus([change])
    assert list(state.second.items()) == list(shuffled.second.items())
    assert all(state.second.values())


def test_a_refused_referee_is_none_and_a_referee_who_moves_within_a_quarter_changes_nothing() -> None:
    """Scores are the follow (ms), negative while the referral is refused."""
    assert change_of_referee(None, 1_000.0) == {0: 1}
    assert change_of_referee(-1_000.0, None) == {}
    assert change_of_referee(1_000.0, -1_000.0) == {0: -1}
    assert change_of_referee(1_000.0, 2_000.0) == {}
