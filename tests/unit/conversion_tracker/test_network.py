"""A person's network: counted by degrees, in few questions, within bounds."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.graph.network import Network, measure_network, upline


class Tree:
    """The referrals of a graph; counts the queries."""

    def __init__(self, above: dict[str, str]) -> None:
        self.above, self.questions, self.asked = above, 0, 0

    def of(self, participant: str) -> list[str]:
        """Returns the referees of a participant."""
        return [child for child, parent in self.above.items() if parent == participant]

    def referee_counts(self, participants: Sequence[str]) -> list[int]:
        """Returns the number of referees of each."""
        self.questions += 1
        self.asked += len(participants)
        return [len(self.of(one)) for one in participants]

    def referees(self, participants: Sequence[str], most: Sequence[int]) -> list[str]:
        """Returns their referees."""
        self.questions += 1
        return [child for one, limit in zip(participants, most, strict=True) for child in self.of(one)[:limit]]


@given(st.lists(st.integers(0, 20), max_size=40))
def test_degrees_equal_those_of_a_walk_up_from_each_person(parents: list[int]) -> None:
    """A person one, two or three edges below has that degree; five queries at most."""
    tree = Tree({f"p{one}": f"p{parent % one}" for one, parent in enumerate(parents, 1)})
    network = measure_network("p0", tree, 1000)
    far = [upline(one, tree.above.get, 40) for one in tree.above]
    degrees = [sum(chain.index("p0") == degree for chain in far if "p0" in chain) for degree in range(3)]
    assert network == Network(degrees[0], degrees[1], degrees[2])
    assert tree.questions <= 5


@given(st.lists(st.integers(0, 20), max_size=40), st.integers(1, 12))
def test_a_large_network_is_read_within_bounds_and_marked(parents: list[int], most: int) -> None:
    """Counts are never too large, and marked if they may be too small."""
    tree = Tree({f"p{one}": f"p{parent % one}" for one, parent in enumerate(parents, 1)})
    network, whole = measure_network("p0", tree, most), measure_network("p0", Tree(tree.above), 1000)
    assert tree.asked <= most + 1
    assert network.truncated == (whole.first + whole.second > most)
    assert network.first == whole.first
    assert network.second <= whole.second
    if not network.truncated:
        assert network == whole


def test_the_upline_has_the_three_nearest_referrers_without_repetition() -> None:
    """Amy was referred by Bo, Bo by Cy, Cy by Di, Di by Ed; a cycle that is not refused yet ends the walk."""
    above = {"amy": "bo", "bo": "cy", "cy": "di", "di": "ed"}
    assert upline("amy", above.get) == ["bo", "cy", "di"]
    assert upline("di", above.get) == ["ed"]
    assert upline("amy", {"amy": "bo", "bo": "amy"}.get) == ["bo"]
