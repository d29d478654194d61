"""The campaign as a picture (SVG) and as a film (JSON): the same tree, in as few bytes as possible.

5,000 people are below 100 KB in either form. Neither contains a name or an id.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from leaderboard.domain.radial_tree import TreeNode

SIZE = 1_000
"""Width and height of the picture; the middle is the campaign."""
FILM_DAYS = 60
ANGLES = 10_000
"""Steps of the circle in which the film has angles."""
_MARGIN = 12


@dataclass(frozen=True, slots=True)
class Film:
    """The tree ring by ring: how many children each node has, its angle in 1 / ANGLES of the circle, and its day from 0 on.

    The order and the counts determine the referrers: the first `roots` nodes are the first ring, and the children of each
    node follow in the order of the nodes.
    """

    first: str
    days: int
    roots: int
    children: list[int]
    angles: list[int]
    on: list[int]


def film(nodes: Sequence[TreeNode], today: date, day_of: dict[int, date]) -> Film:
    """Returns the film of the last sixty days; who came before is there from its first day. `day_of` has the day of each second."""
    first = today - timedelta(days=FILM_DAYS - 1)
    return Film(
        first.isoformat(),
        FILM_DAYS,
        sum(node.degree == 1 for node in nodes),
        [node.children for node in nodes],
        [round(node.angle * ANGLES) % ANGLES for node in nodes],
        [min(max((day_of[node.second] - first).days, 0), FILM_DAYS - 1) for node in nodes],
    )


def picture(nodes: Sequence[TreeNode]) -> Markup:
    """Returns the tree as SVG: a line from each person to their referrer, with a dot at the person.

    One path draws both: with dashes of length 0 and round ends, each of its parts is a dot where it begins.
    """
    rings = max((node.degree for node in nodes), default=1)
    places = [_place(node, rings) for node in nodes]
    middle = (SIZE // 2, SIZE // 2)
    parts = []
    for node, (x, y) in zip(nodes, places, strict=True):
        to_x, to_y = places[node.parent] if node.parent >= 0 else middle
        parts.append(f"M{x} {y}l{to_x - x} {to_y - y}" if (to_x, to_y) != (x, y) else f"M{x} {y}h0")
    width = 2.5 if len(nodes) > 1_500 else 4 if len(nodes) > 300 else 8
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" fill="none" stroke-linecap="round">'
        "<style>path{{stroke:#c9b8ad;stroke-width:1}}use{{stroke:#c8452c;stroke-width:{width};stroke-dasharray:0 9999}}"
        "circle{{fill:#2b2320}}@media(prefers-color-scheme:dark){{path{{stroke:#5c4f48}}use{{stroke:#ff8a70}}"
        "circle{{fill:#f7ede7}}}}</style>"
        '<path id="p" d="{path}"/><use href="#p"/><circle cx="{middle}" cy="{middle}" r="6"/></svg>'
    ).format(size=SIZE, width=width, path="".join(parts), middle=SIZE // 2)


def _place(node: TreeNode, rings: int) -> tuple[int, int]:
    """Where a person is: on the ring of their degree, at their angle, from the top on clockwise."""
    radius = (SIZE / 2 - _MARGIN) * node.degree / rings
    angle = 2 * math.pi * node.angle
    return round(SIZE / 2 + radius * math.sin(angle)), round(SIZE / 2 - radius * math.cos(angle))
