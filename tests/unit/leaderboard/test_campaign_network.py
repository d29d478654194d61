"""The network of a campaign, and its picture and film: everyone once, below who brought them, in few bytes."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.campaign_network import READ_AT_ONCE, campaign_network
from leaderboard.domain.radial_tree import MAX_PEOPLE, Brought, radial_tree
from leaderboard.pages.network_picture import ANGLES, FILM_DAYS, SIZE, film, picture

TODAY = date(2026, 11, 24)
Edges = dict[str, list[tuple[str, int]]]


def _look_up(edges: Edges, people: Sequence[str], most: int) -> list[list[tuple[str, int]]]:
    return [edges.get(person, [])[:most] for person in people]


@st.composite
def networks(draw: st.DrawFn) -> Edges:
    """Whom each brought; also several referrers of a person, and cycles."""
    edges: Edges = {}
    pairs = st.tuples(st.integers(0, 15), st.integers(0, 15), st.integers(1, 99))
    for referrer, person, second in draw(st.lists(pairs, max_size=40)):
        if referrer != person:
            edges.setdefault(f"p{referrer}", []).append((f"p{person}", second))
    return edges


def test_many_referrers_with_many_friends_are_not_all_read() -> None:
    """A thousand referrers with 5,000 friends each: what the network has no room for is not in memory either."""
    read = 0

    def look_up(people: Sequence[str], most: int) -> list[list[tuple[str, int]]]:
        nonlocal read
        found = [[(f"{person}.{number}", number) for number in range(most)] for person in people]
        read += sum(map(len, found))
        return found

    found = campaign_network([f"p{number}" for number in range(1_000)], look_up, 500)
    assert (len(found.people), found.truncated) == (500, True)
    assert read <= READ_AT_ONCE * 501


@given(networks(), st.integers(1, 20))
def test_everyone_is_listed_once_and_after_who_brought_them(edges: Edges, most: int) -> None:
    """Never more than are wanted; who is missing is said."""
    found = campaign_network(sorted(edges), lambda people, n: _look_up(edges, people, n), most)
    seen: set[str] = set()
    for one in found.people:
        assert one.person not in seen
        assert one.referrer is None or one.referrer in seen
        assert one.referrer is None or one.person in [person for person, _ in edges[one.referrer]]
        seen.add(one.person)
    everyone = {person for brought in edges.values() for person, _ in brought}
    assert len(seen) <= most
    assert found.truncated or seen >= everyone


def test_a_root_is_there_from_its_first_friend_on() -> None:
    """So that the film begins with it."""
    edges: Edges = {"amy": [("bo", 50), ("chen", 20)], "bo": [("dee", 60)]}
    found = campaign_network(["amy", "bo"], lambda people, most: _look_up(edges, people, most), 10)
    assert found.people == [
        Brought("amy", None, 20),
        Brought("bo", "amy", 50),
        Brought("chen", "amy", 20),
        Brought("dee", "bo", 60),
    ]


def _campaign(size: int, seed: int = 1) -> list[Brought]:
    random = Random(seed)
    return [
        Brought(f"p{number}", f"p{random.randrange(number)}" if number > 20 else None, random.randrange(60))
        for number in range(size)
    ]


def test_five_thousand_people_are_below_100_kb_as_a_picture_and_as_a_film() -> None:
    """Without compression."""
    nodes = radial_tree(_campaign(MAX_PEOPLE))
    days = {second: TODAY - timedelta(days=second) for second in range(60)}
    assert len(str(picture(nodes))) < 100_000
    assert len(json.dumps(asdict(film(nodes, TODAY, days)), separators=(",", ":"))) < 100_000


def test_every_dot_is_inside_the_picture_on_the_ring_of_its_degree() -> None:
    """The middle is the campaign."""
    nodes = radial_tree(_campaign(200))
    dots = [tuple(map(int, pair)) for pair in re.findall(r"M(\d+) (\d+)", str(picture(nodes)))]
    assert len(dots) == len(nodes)
    rings = max(node.degree for node in nodes)
    for node, (x, y) in zip(nodes, dots, strict=True):
        assert 0 <= x <= SIZE
        assert 0 <= y <= SIZE
        radius = ((x - SIZE / 2) ** 2 + (y - SIZE / 2) ** 2) ** 0.5
        assert abs(radius - (SIZE / 2 - 12) * node.degree / rings) < 1


def test_a_film_has_sixty_days_up_to_today() -> None:
    """Who came before is there from the first day on; angles of a ring rise."""
    nodes = radial_tree(_campaign(100))
    made = film(nodes, TODAY, {second: TODAY - timedelta(days=2 * second) for second in range(60)})
    assert made.first == "2026-09-26"
    assert made.on == [max(0, FILM_DAYS - 1 - 2 * node.second) for node in nodes]
    assert all(0 <= angle < ANGLES for angle in made.angles)
    first_ring = made.angles[: made.roots]
    assert all(before < after for before, after in pairwise(first_ring))
