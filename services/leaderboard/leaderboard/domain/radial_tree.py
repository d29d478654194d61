"""The network of referrals as a radial tree: the campaign in the middle, each degree a ring, each branch a sector of its own.

Every person has a sector of the circle. It is divided among their referees by the number of leaves below each, so that all
leaves are equally far apart; a person is in the middle of their sector. Sectors of a ring never overlap, so neither do branches.
After P. Eades, Drawing free trees (1992), with sectors of the whole circle. Pure; one pass up and one down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_PEOPLE = 5_000
"""People that a picture shows; of more, the earliest of each degree."""


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A person of the tree: the index of their referrer (-1 for a root), their ring, and the second of their follow.

    `start` and `end` are their sector as parts of the circle, 0 to 1; `children` is the number of their referees.
    """

    person: str
    parent: int
    degree: int
    second: int
    children: int
    leaves: int
    start: float
    end: float

    @property
    def angle(self) -> float:
        """The middle of the sector, as a part of the circle."""
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Brought:
    """A follow by referral: the person, their referrer (None for a root), and the second since the epoch."""

    person: str
    referrer: str | None
    second: int


def radial_tree(people: Sequence[Brought]) -> list[TreeNode]:
    """Returns the tree of people, each of them after their referrer: ring by ring, siblings beside each other.

    A person without a referrer among the people before them is a root, on the first ring.
    """
    children: dict[str | None, list[Brought]] = {}
    known: set[str] = set()
    for one in people:
        if one.person not in known:
            referrer = one.referrer if one.referrer in known else None
            children.setdefault(referrer, []).append(one)
            known.add(one.person)
    leaves = _leaves(people, children)
    nodes: list[TreeNode] = []
    ring: list[tuple[int, str | None, float, float]] = [(-1, None, 0.0, 1.0)]
    degree = 1
    while ring:
        next_ring: list[tuple[int, str | None, float, float]] = []
        for parent, person, start, end in ring:
            below = children.get(person, ())
            width = (end - start) / max(1, sum(leaves[one.person] for one in below))
            at = start
            for one in below:
                own, brought = leaves[one.person], len(children.get(one.person, ()))
                stop = at + width * own
                next_ring.append((len(nodes), one.person, at, stop))
                nodes.append(TreeNode(one.person, parent, degree, one.second, brought, own, at, stop))
                at = stop
        ring, degree = next_ring, degree + 1
    return nodes


def _leaves(people: Sequence[Brought], children: Mapping[str | None, Sequence[Brought]]) -> dict[str, int]:
    """How many people at the end of a chain are below each person; 1 for those at the end themselves."""
    found: dict[str, int] = {}
    for one in reversed(people):
        below = children.get(one.person, ())
        found[one.person] = sum(found.get(child.person, 1) for child in below) or 1
    return found
