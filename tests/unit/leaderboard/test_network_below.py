"""The network below a person: degrees, reach and concentration, of any graph of referrals."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.network import Network, network_below

UPLINES = st.dictionaries(st.integers(1, 25), st.integers(0, 25), max_size=25)


def look_up(uplines: dict[int, int]) -> object:
    """Returns the look-up of a graph in which each person has one referrer."""

    def referees_of(people: Sequence[str], most: int) -> list[list[str]]:
        return [[str(one) for one, above in uplines.items() if str(above) == person][:most] for person in people]

    return referees_of


def below(uplines: dict[int, int], most: int = 1000, degrees: int = 100) -> Network:
    """Returns the network below person 0."""
    return network_below("0", look_up(uplines), most, degrees)  # type: ignore[arg-type]


def naive_degrees(uplines: dict[int, int]) -> dict[int, int]:
    """Returns the degree below person 0 of everyone who is below them."""
    found = {}
    for person in uplines:
        here, steps, seen = person, 0, set[int]()
        while here in uplines and here not in seen and here != 0:
            seen.add(here)
            here, steps = uplines[here], steps + 1
        if here == 0:
            found[person] = steps
    return found


@given(uplines=UPLINES)
def test_everyone_below_is_counted_once_at_their_degree(uplines: dict[int, int]) -> None:
    """Cycles among others are not below the person, and a cycle through the person ends at them."""
    network, expected = below(uplines), naive_degrees(uplines)
    assert {int(one.person): one.degree for one in network.people} == expected
    assert network.degrees == [
        list(expected.values()).count(degree) for degree in range(1, max(expected.values(), default=0) + 1)
    ]
    assert all(int(one.referrer) == uplines[int(one.person)] for one in network.people)
    assert sum(one.referees for one in network.people) == sum(degree > 1 for degree in expected.values())
    assert not network.truncated


@given(uplines=UPLINES, most=st.integers(1, 30), degrees=st.integers(1, 6))
def test_a_network_that_is_cut_says_so(uplines: dict[int, int], most: int, degrees: int) -> None:
    """It has never more than asked for, and it is cut only if there is more."""
    network, expected = below(uplines, most, degrees), naive_degrees(uplines)
    assert len(network.people) <= most
    assert all(one.degree <= degrees for one in network.people)
    assert network.truncated == (len(network.people) < len(expected))


def test_reach_and_the_share_of_the_top_tenth() -> None:
    """Two friends brought eight more: five for each friend; of three who brought anyone, the top one brought six of ten."""
    uplines = {1: 0, 2: 0, **dict.fromkeys(range(3, 9), 1), 9: 2, 10: 2}
    network = below(uplines)
    assert (network.degrees, network.reach_multiple, network.top_tenth_share) == ([2, 8], 5.0, 0.6)
    nobody = below({})
    assert (nobody.degrees, nobody.reach_multiple, nobody.top_tenth_share) == ([], None, None)
