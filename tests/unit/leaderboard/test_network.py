"""The network of referrals that the growth fold keeps is the graph that screening decides, in any order of lines."""

from random import Random

import msgspec
import pytest

from leaderboard.domain.score import count_of
from leaderboard.folds.growth_fold import GrowthFold
from leaderboard.folds.state_keys import board
from referral.catalog.view import Catalog
from tests.support.builders.leaderboard import GLOW_VERSION
from tests.support.builders.participants import PROGRAM
from tests.support.folds import LogFold
from tests.support.scenarios.referral_graph import PEOPLE, ReferralGraph

NUMBERS = {person.id: number for number, person in enumerate(PEOPLE)}
decode = msgspec.msgpack.Decoder(dict[str, str]).decode


def edges(fold: LogFold) -> set[tuple[int, int]]:
    """Returns (person, referrer) of each referral that is not refused, from the referrers' side."""
    scores = [item for part in fold.states.scores.values() for item in part.items()]
    prefix = f"referees:{PROGRAM}|"
    return {
        (NUMBERS[member], NUMBERS[board.removeprefix(prefix)])
        for (board, member), score in scores
        if board.startswith(prefix) and score > 0
    }


def uplines(fold: LogFold) -> set[tuple[int, int]]:
    """Returns (person, referrer) of each edge, refused or not, from the people's side."""
    values = [item for part in fold.states.values.values() for item in part.items() if item[0].startswith("upline:")]
    return {
        (NUMBERS[key.rpartition("|")[2]], NUMBERS[referrer]) for key, raw in values for referrer in decode(raw).values()
    }


@pytest.mark.parametrize("seed", range(60))
def test_both_directions_are_those_of_the_graph_without_refused_referrals(seed: int) -> None:
    """People are referred, leave, return and move to another referrer, and cycles close and open."""
    graph, chance = ReferralGraph(), Random(seed)
    people = chance.choice((2, 3, 4, 6))
    for _ in range(chance.randrange(5, 60)):
        person, referrer = chance.sample(range(people), 2)
        if chance.random() < 0.25:
            graph.unattribute(person)
        elif chance.random() < 0.5:
            graph.attribute(person, referrer, 1000 * chance.randint(1, 30))
        else:
            graph.run_once(chance.randrange(3), chance.randint(1, 4))
    graph.drain()
    fold = LogFold(GrowthFold(1), Catalog([GLOW_VERSION]), log=graph.log)
    fold.drain()
    refused = graph.cycle_closers()
    expected = {(person, edge.referrer) for person, edge in graph.edges.items()}
    assert edges(fold) == {(person, referrer) for person, referrer in expected if person not in refused}
    assert uplines(fold) == expected


@pytest.mark.parametrize("seed", range(20))
def test_the_board_of_reach_has_who_is_two_and_three_degrees_below_each_person(seed: int) -> None:
    """What screening passes up is counted; a banned person is on no board, and back when the ban is lifted."""
    graph, chance = ReferralGraph(), Random(seed)
    for _ in range(60):
        person, referrer = chance.sample(range(5), 2)
        match chance.randrange(8):
            case 0:
                graph.unattribute(person)
            case 1:
                graph.ban(person, chance.random() < 0.6)
            case 2 | 3 | 4 | 5:
                graph.attribute(person, referrer, chance.randint(1, 30))
            case _:
                graph.run_once(chance.randrange(3), chance.randint(1, 4))
    graph.drain()
    fold = LogFold(GrowthFold(1), Catalog([GLOW_VERSION]), log=graph.log)
    fold.drain()
    assert reach_board(fold) == {
        NUMBERS[person]: count
        for person, count in expected_counts(graph).items()
        if count and NUMBERS[person] not in graph.banned
    }


def reach_board(fold: LogFold) -> dict[int, int]:
    """Returns the counts on the board of all time."""
    return {NUMBERS[member]: count_of(score) for score, member in fold.scores(board(PROGRAM, "reach", "all"))}


def expected_counts(graph: ReferralGraph) -> dict[str, int]:
    """Returns each person's reach by a walk over the referrals in effect."""
    counts = {person.id: 0 for person in PEOPLE}
    for (person, _, _), number in graph.expected_reach().items():
        counts[PEOPLE[person].id] += number
    return counts
