"""Who brought a participant, and whether they brought anybody: what lies at their place.

A person has one edge up at a time. Where late evidence gives them to somebody else, the old edge is taken away and the new one
set by two different places, in either order; until both were heard of there are two.
"""

from msgspec import Struct
from msgspec.structs import replace

Circle = tuple[tuple[str, int], ...]  # the referrals of its edges, and which life of theirs


class Edge(Struct, frozen=True, array_like=True, gc=False):
    """An edge up. `since` (ms) is the follow it rests on; `life` tells it from earlier edges of the same referral.

    `passed`: a probe went over it. `circles` are those of which it is the newest edge; with any, it is refused.
    """

    referral: str
    referrer: str
    since: int
    life: int
    passed: bool = False
    circles: tuple[Circle, ...] = ()


class Lineage(Struct, frozen=True, array_like=True, tag="lineage", gc=False):
    """The state of one participant. `lives` counts the edges that there have been.

    `brought`: they have brought somebody some time, whether or not that still stands.
    """

    edges: tuple[Edge, ...] = ()
    brought: bool = False
    lives: int = 0

    @property
    def above(self) -> str | None:
        """Who brought them, a participant id; nobody where the edge is refused."""
        sound = [edge for edge in self.edges if not edge.circles]
        return max(sound, key=lambda edge: (edge.since, edge.referral)).referrer if sound else None

    def edge(self, referral: str) -> Edge | None:
        """The edge of a referral."""
        return next((edge for edge in self.edges if edge.referral == referral), None)

    def begun(self, referral: str, referrer: str, since: int) -> "Lineage":
        """With a new edge."""
        lives = self.lives + 1
        return replace(self, lives=lives).with_(Edge(referral, referrer, since, lives))

    def with_(self, edge: Edge) -> "Lineage":
        """With this edge, in the place of the one of the same referral."""
        return replace(self, edges=(*self.without(edge.referral).edges, edge))

    def without(self, referral: str) -> "Lineage":
        """Without the edge of a referral."""
        return replace(self, edges=tuple(edge for edge in self.edges if edge.referral != referral))


UNKNOWN = Lineage()
"""Somebody of whom nothing was heard."""
