"""A person's network: counted by degrees, in few questions, within bounds."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.graph.network import Network, measure_network, upline


class Tree:
    """Who brought whom; counts the questions."""

    def __init__(self, above: dict[str, str]) -> None:
        self.above, self.questions, self.asked = above, 0, 0

    def of(self, participant: str) -> list[str]:
        """Whom somebody brought."""
        return [child for child, parent in self.above.items() if parent == participant]

    def referee_counts(self, participants: Sequence[str]) -> list[int]:
        """How many each of them brought."""
        self.questions += 1
        self.asked += len(participants)
        return [len(self.of(one)) for one in participants]

    def referees(self, participants: Sequence[str], most: Sequence[int]) -> list[str]:
        """Whom they brought."""
        self.questions += 1
        return [child for one, limit in zip(participants, most, strict=True) for child in self.of(one)[:limit]]


@given(st.lists(st.integers(0, 20), max_size=40))
def test_degrees_are_counted_as_a_walk_up_from_everybody_counts_them(parents: list[int]) -> None:
    """Whoever is one, two or three edges below is of that degree; five questions at most."""
    tree = Tree({f"p{one}": f"p{parent % one}" for one, parent in enumerate(parents, 1)})
    network = measure_network("p0", tree, 1000)
    far = [upline(one, tree.above.get, 40) for one in tree.above]
    degrees = [sum(chain.index("p0") == degree for chain in far if "p0" in chain) for degree in range(3)]
    assert network == Network(degrees[0], degrees[1], degrees[2])
    assert tree.questions <= 5


@given(st.lists(st.integers(0, 20), max_size=40), st.integers(1, 12))
def test_a_large_network_is_asked_within_bounds_and_says_so(parents: list[int], most: int) -> None:
    """What is told is never too much, and where it may be too little it is marked."""
    tree = Tree({f"p{one}": f"p{parent % one}" for one, parent in enumerate(parents, 1)})
    network, whole = measure_network("p0", tree, most), measure_network("p0", Tree(tree.above), 1000)
    assert tree.asked <= most + 1
    assert network.truncated == (whole.first + whole.second > most)
    assert network.first == whole.first
    assert network.second <= whole.second
    if not network.truncated:
        assert network == whole


def test_those_above_are_the_nearest_first_to_the_third_and_nobody_twice() -> None:
    """Amy was brought by Bo, Bo by Cy, Cy by Di, Di by Ed; a circle that is not closed yet ends the walk."""
    above = {"amy": "bo", "bo": "cy", "cy": "di", "di": "ed"}
    assert upline("amy", above.get) == ["bo", "cy", "di"]
    assert upline("di", above.get) == ["ed"]
    assert upline("amy", {"amy": "bo", "bo": "amy"}.get) == ["bo"]
