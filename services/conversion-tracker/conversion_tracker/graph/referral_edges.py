"""The state of one participant in the referral graph: the edge up to their referrer, and whether they ever had referees.

A person has one edge up at a time. If late evidence moves them to another referrer, the old edge is removed and the new one
set by lines from two different partitions, in either order; until both have arrived there are two.
"""

from msgspec import Struct
from msgspec.structs import replace

CycleEdges = tuple[tuple[str, int], ...]  # (referral, life) of each edge


class ReferralEdge(Struct, frozen=True, array_like=True, gc=False):
    """An edge up to the referrer. `since` (ms) is the follow that it rests on.

    `life` distinguishes it from earlier edges of the same referral. `probed`: a probe has passed it. `cycles` are the referral
    cycles of which it is the newest edge; it is refused if there are any. `reaches`: who is below the participant counts for the
    referrer's reach.
    """

    referral: str
    referrer: str
    since: int
    life: int
    probed: bool = False
    cycles: tuple[CycleEdges, ...] = ()
    reaches: bool = False


class GraphNode(Struct, frozen=True, array_like=True, tag="lineage", gc=False):
    """The state of one participant. `edge_count` is the number of edges set so far.

    `has_referees`: they have had a referee at some time, whether or not that referral is still valid. `withdrawn` are the referrers
    of removed edges: those below still count for their reach, until that was taken back (`reach`). `banned`: who is below counts
    for no one.
    """

    edges: tuple[ReferralEdge, ...] = ()
    has_referees: bool = False
    edge_count: int = 0
    withdrawn: tuple[str, ...] = ()
    banned: bool = False

    @property
    def referrer(self) -> str | None:
        """The participant id of their referrer; None without an edge, or if it is refused."""
        valid = [edge for edge in self.edges if not edge.cycles]
        return max(valid, key=lambda edge: (edge.since, edge.referral)).referrer if valid else None

    def edge(self, referral: str) -> ReferralEdge | None:
        """Returns the edge of a referral; None if there is none."""
        return next((edge for edge in self.edges if edge.referral == referral), None)

    def with_new_edge(self, referral: str, referrer: str, since: int) -> "GraphNode":
        """Returns the node with a new edge."""
        edge_count = self.edge_count + 1
        return replace(self, edge_count=edge_count).with_edge(ReferralEdge(referral, referrer, since, edge_count))

    def with_edge(self, edge: ReferralEdge) -> "GraphNode":
        """Returns the node with this edge, which replaces that of the same referral."""
        return replace(self, edges=(*self.without_edge(edge.referral).edges, edge))

    def without_edge(self, referral: str) -> "GraphNode":
        """Returns the node without the edge of a referral."""
        return replace(self, edges=tuple(edge for edge in self.edges if edge.referral != referral))


EMPTY_NODE = GraphNode()
"""A participant without edges."""
