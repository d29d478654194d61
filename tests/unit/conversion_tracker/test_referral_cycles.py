"""Referral cycles: the newest edge of each is refused, in any order of arrival, and no other edge ever."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.folds import PARTITIONS
from tests.support.scenarios.referral_graph import ReferralGraph

Deed = Callable[[ReferralGraph], object]

_turns = st.builds(
    lambda partition, most: lambda graph: graph.run_once(partition, most),
    st.integers(0, PARTITIONS - 1),
    st.integers(1, 4),
)


def _deeds(people: int, moments: int) -> st.SearchStrategy[Deed]:
    person = st.integers(0, people - 1)
    pair = st.tuples(person, person).filter(lambda two: two[0] != two[1])
    brings = st.builds(
        lambda two, since, pays: lambda graph: graph.attribute(*two, since, pays),
        pair,
        st.integers(1, moments),
        st.booleans(),
    )
    leaves = st.builds(lambda one: lambda graph: graph.unattribute(one), person)
    pays = st.builds(lambda one, yes: lambda graph: graph.set_qualified(one, yes), person, st.booleans())
    return st.one_of(brings, brings, leaves, pays, _turns, _turns, _turns)


def _play(deeds: list[Deed]) -> ReferralGraph:
    graph = ReferralGraph()
    for deed in deeds:
        deed(graph)
    graph.drain()
    return graph


@settings(max_examples=examples(100))
@given(st.integers(2, 5).flatmap(lambda people: st.lists(_deeds(people, 6), min_size=4, max_size=60)))
def test_of_each_cycle_the_newest_edge_is_refused_in_any_interleaving(deeds: list[Deed]) -> None:
    """People are referred, leave, return and change referrers while partitions are read in any order and batches."""
    _play(deeds).check()


@pytest.mark.parametrize("seed", range(10))
def test_nor_in_a_thousand_random_histories(seed: int) -> None:
    """Denser than what hypothesis draws: what races took to be found had few people, many changes, and long detours."""
    for one in range(100):
        graph, chance = ReferralGraph(), Random(seed * 100 + one)
        people, moments = chance.choice((2, 3, 3, 4, 5, 6)), chance.choice((3, 8, 30))
        for _ in range(chance.randrange(5, 70)):
            _random(graph, chance, people, moments)
        graph.drain()
        graph.check()


def _random(graph: ReferralGraph, chance: Random, people: int, moments: int) -> None:
    """Appends a random line, or folds a random batch."""
    kind = chance.random()
    if kind < 0.3:
        person, referrer = chance.sample(range(people), 2)
        graph.attribute(person, referrer, chance.randint(1, moments), chance.random() < 0.7)
    elif kind < 0.42:
        graph.unattribute(chance.randrange(people))
    elif kind < 0.47:
        graph.set_qualified(chance.randrange(people), chance.random() < 0.5)
    else:
        graph.run_once(chance.randrange(PARTITIONS), chance.randint(1, 4))


def test_a_line_about_an_earlier_life_of_an_edge_removes_no_mark_of_the_current_one() -> None:
    """The removal of the first edge from 0 to 1 reaches 1 by a detour over 2, after the cycle with the second was found."""
    graph = ReferralGraph()
    graph.attribute(1, 0, 3)
    graph.attribute(0, 1, 2)
    graph.unattribute(0)
    graph.run_once(0, 2)
    graph.run_once(2, 4)
    graph.attribute(0, 2, 2)
    graph.run_once(0, 1)
    graph.attribute(0, 1, 1, False)
    graph.attribute(2, 1, 3, False)
    graph.drain()
    graph.check()
    assert graph.cycle_closers() == {1}


@settings(max_examples=examples(50))
@given(st.data())
def test_edges_that_race_each_other_are_found_and_opened_again(data: st.DataObject) -> None:
    """Cycles of up to 9 edges that arrive in any order, some removed and set again; a cycle of nine is beyond the limit."""
    size = data.draw(st.integers(2, 9))
    edges = data.draw(st.permutations(range(size)))
    deeds: list[Deed] = [
        lambda graph, one=one, at=at: graph.attribute(one, (one + 1) % size, at) for at, one in enumerate(edges, 1)
    ]
    for again in data.draw(st.lists(st.integers(0, size - 1), max_size=5)):
        since = data.draw(st.integers(1, 20))
        back = lambda graph, one=again, at=since: graph.attribute(one, (one + 1) % size, at)  # noqa: E731
        deeds += [lambda graph, one=again: graph.unattribute(one), back]
    mixed = [part for deed in deeds for part in (deed, *data.draw(st.lists(_turns, max_size=4)))]
    graph = _play(mixed)
    graph.check()
    assert len(graph.cycle_closers()) == (size <= 8)


@settings(max_examples=examples(30))
@given(st.lists(_deeds(3, 6), min_size=4, max_size=40))
def test_a_wipe_and_a_refold_give_the_same(deeds: list[Deed]) -> None:
    """The messages between graph nodes are on the log: they are read again, and not produced again."""
    graph = _play(deeds)
    before, lines = graph.snapshot(), {place: len(records) for place, records in graph.log.records.items()}
    graph.refold()
    assert graph.snapshot() == before
    assert {place: len(records) for place, records in graph.log.records.items()} == lines


@pytest.mark.parametrize("size", [2, 3, 8])
def test_what_had_counted_is_taken_back_and_counts_again_once_the_circle_opens(size: int) -> None:
    """Each person brings the next; the last brings the first, which is refused; when an older edge goes, that counts."""
    graph = ReferralGraph()
    for one in range(size):
        graph.attribute(one, (one + 1) % size, one + 1)
        graph.drain()
    graph.check()
    assert graph.cycle_closers() == {size - 1}
    graph.unattribute(0)
    graph.drain()
    graph.check()
    assert graph.cycle_closers() == set()


def test_an_ordinary_referral_costs_one_more_line() -> None:
    """Most people have no referees when they are referred: no probe is sent."""
    graph = ReferralGraph()
    for one in range(1, 6):
        graph.attribute(one, 0, one)
    graph.drain()
    assert len(graph.log.lines("attributions")) == 5 + 5


def test_a_circle_that_closes_before_it_qualifies_counts_when_it_does() -> None:
    """The referral is only attributed when the circle is found; it is rejected once an order qualifies it."""
    graph = ReferralGraph()
    graph.attribute(0, 1, 1)
    graph.attribute(1, 0, 2, qualified=False)
    graph.drain()
    assert len(graph.verdicts()) == 1
    graph.set_qualified(1, True)
    graph.drain()
    graph.check()
