"""The radial tree of a campaign: branches never overlap, and a person's ring is their degree."""

from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.radial_tree import Brought, TreeNode, radial_tree


@st.composite
def campaigns(draw: st.DrawFn) -> list[Brought]:
    """People, each brought by someone before them or by no one."""
    size = draw(st.integers(0, 60))
    referrers = [draw(st.integers(-1, max(-1, number - 1))) for number in range(size)]
    return [
        Brought(f"p{number}", f"p{referrer}" if referrer >= 0 else None, number)
        for number, referrer in enumerate(referrers)
    ]


@given(campaigns())
def test_everyone_is_in_the_tree_once_below_who_brought_them(people: list[Brought]) -> None:
    """And one ring further out."""
    nodes = radial_tree(people)
    assert sorted(node.person for node in nodes) == sorted(one.person for one in people)
    referrer_of = {one.person: one.referrer for one in people}
    for node in nodes:
        parent = nodes[node.parent] if node.parent >= 0 else None
        assert (parent.person if parent else None) == referrer_of[node.person]
        assert node.degree == (parent.degree + 1 if parent else 1)


@given(campaigns())
def test_sectors_lie_inside_that_of_the_referrer_and_never_overlap(people: list[Brought]) -> None:
    """So no line crosses another."""
    nodes = radial_tree(people)
    rings: dict[int, list[TreeNode]] = defaultdict(list)
    for node in nodes:
        rings[node.degree].append(node)
        start, end = (nodes[node.parent].start, nodes[node.parent].end) if node.parent >= 0 else (0.0, 1.0)
        assert start - 1e-9 <= node.start < node.end <= end + 1e-9
    for ring in rings.values():
        assert all(before.end <= after.start + 1e-9 for before, after in pairwise(ring))


@given(campaigns())
def test_leaves_are_equally_far_apart(people: list[Brought]) -> None:
    """Everyone who brought no one has the same part of the circle; together they fill it."""
    ends = [node for node in radial_tree(people) if not node.children]
    assert sum(node.end - node.start for node in ends) == pytest.approx(1 if ends else 0)
    assert all(node.end - node.start == pytest.approx(1 / len(ends)) for node in ends)


@given(campaigns())
def test_children_are_counted_and_follow_ring_by_ring(people: list[Brought]) -> None:
    """The order and the counts alone say who brought whom: the picture sends no more."""
    nodes = radial_tree(people)
    parents = [index for index, node in enumerate(nodes) for _ in range(node.children)]
    roots = sum(node.parent < 0 for node in nodes)
    assert [node.parent for node in nodes] == [-1] * roots + parents


def test_who_is_listed_twice_or_in_a_cycle_is_shown_once() -> None:
    """The first entry counts; whose referrer comes later is a root."""
    nodes = radial_tree([Brought("a", "b", 1), Brought("b", "a", 2), Brought("a", None, 3)])
    assert [(node.person, node.parent) for node in nodes] == [("a", -1), ("b", 0)]


def test_five_thousand_people_in_one_chain_are_laid_out() -> None:
    """No recursion: the deepest tree and the widest one take one pass."""
    chain = [Brought(f"p{number}", f"p{number - 1}" if number else None, number) for number in range(5_000)]
    star = [Brought(f"p{number}", "p0" if number else None, number) for number in range(5_000)]
    assert radial_tree(chain)[-1].degree == 5_000
    assert {node.degree for node in radial_tree(star)} == {1, 2}
