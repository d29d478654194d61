"""Reach: how many people count two and three degrees below a participant. Measured, never paid.

Each node sends its referrer by how much its own numbers change: the people it referred are two degrees below its referrer, and
those two degrees below it are three. Numbers are by the quarter of an hour in which people began to follow, and only sums are sent,
so the result is the same in any order of lines, and a line travels over two edges at most.

*What an edge contributes* is all or nothing. It `reaches` if it is in no cycle and its participant is not banned. A participant
without referees contributes nothing, so their edge reaches at once, and an ordinary referral leads to no further line. Otherwise
the node requests a refresh of itself (`reach.refresh_requested`), since only then everything below it is loaded; until the refresh
it sends changes along the edges as they were, so that what is added or taken back then is exact.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.graph.referral_edges import GraphNode, ReferralEdge
from referral.events.edges import MAX_QUARTERS, EdgeFact, ReachChanged, ReachRefreshRequested
from referral.events.line import Derived

QUARTER_MS = 15 * 60_000
Quarters = Mapping[int, int]
"""How many people began to follow, by the number of the quarter of an hour since the epoch."""


class ReachState(Struct, frozen=True, array_like=True, tag="reach", gc=False):
    """The people two degrees below a participant, by quarter; sorted, without zeros."""

    second: dict[int, int] = {}

    def plus(self, changes: Iterable[tuple[int, int]]) -> "ReachState":
        """Returns the state after so many more people in each quarter. Sorts only if a quarter is new among older ones."""
        counts, newest = dict(self.second), next(reversed(self.second), -1)
        is_ordered = True
        for quarter, number in changes:
            total = counts.get(quarter, 0) + number
            is_ordered = is_ordered and (quarter in counts or quarter > newest)
            newest = max(newest, quarter)
            if total:
                counts[quarter] = total
            else:
                counts.pop(quarter, None)
        return ReachState(counts if is_ordered else dict(sorted(counts.items())))


def quarters_of(moments_ms: Iterable[float]) -> Quarters:
    """Returns how many of the moments (ms since the epoch) are in each quarter."""
    return Counter(int(moment) // QUARTER_MS for moment in moments_ms)


def change_of_referee(before: float | None, after: float | None) -> Quarters:
    """Returns by how much a node's referees change with one of them: the follow (ms), negative if refused, None without one."""
    change = Counter(quarters_of([after] if after and after > 0 else []))
    change.subtract(quarters_of([before] if before and before > 0 else []))
    return {quarter: number for quarter, number in change.items() if number}


def settle_edges(
    before: GraphNode, after: GraphNode, line: Derived, participant: str
) -> tuple[GraphNode, list[EdgeFact]]:
    """Returns the node with its edges as they reach now, or with a request for a refresh if that needs what is below it."""
    if not after.has_referees:
        return _as_wanted(after, participant), []
    remaining = {(edge.referral, edge.life) for edge in after.edges}
    gone = [edge.referrer for edge in before.edges if edge.reaches and (edge.referral, edge.life) not in remaining]
    node = replace(after, withdrawn=(*after.withdrawn, *gone)) if gone else after
    if not node.withdrawn and node == _as_wanted(node, participant):
        return node, []
    return node, [ReachRefreshRequested(occurred_at=line.occurred_at, program=line.program, participant=participant)]


def refresh(
    node: GraphNode, first: Quarters, second: Quarters, line: ReachRefreshRequested
) -> tuple[GraphNode, list[EdgeFact]]:
    """Adds or takes back what is below the node, at the first and `second` degree, where that begins or ceases to count."""
    lines: list[EdgeFact] = []
    signs = [(referrer, -1) for referrer in node.withdrawn]
    for edge in node.edges:
        wanted = _should_reach(edge, node, line.participant)
        if wanted != edge.reaches:
            signs.append((edge.referrer, 1 if wanted else -1))
    for referrer, sign in signs:
        lines += changes_for(referrer, 2, _times(first, sign), line)
        lines += changes_for(referrer, 3, _times(second, sign), line)
    return replace(_as_wanted(node, line.participant), withdrawn=()), lines


def forward(node: GraphNode, degree: int, change: Quarters, line: Derived) -> list[EdgeFact]:
    """The lines by which a change at `degree` below a node reaches its referrers: there it is one degree further down."""
    targets = [edge.referrer for edge in node.edges if edge.reaches] + list(node.withdrawn)
    return [one for referrer in targets for one in changes_for(referrer, degree + 1, change, line)]


def changes_for(referrer: str, degree: int, change: Quarters, line: Derived) -> Iterator[ReachChanged]:
    """The lines of a change for one participant, in slices."""
    quarters = sorted(change.items())
    for start in range(0, len(quarters), MAX_QUARTERS):
        yield ReachChanged(
            occurred_at=line.occurred_at,
            program=line.program,
            participant=referrer,
            degree=2 if degree == 2 else 3,
            quarters=tuple(quarters[start : start + MAX_QUARTERS]),
        )


def _should_reach(edge: ReferralEdge, node: GraphNode, participant: str) -> bool:
    return not edge.cycles and not node.banned and edge.referrer != participant


def _as_wanted(node: GraphNode, participant: str) -> GraphNode:
    edges = tuple(
        edge if edge.reaches == wanted else replace(edge, reaches=wanted)
        for edge in node.edges
        for wanted in [_should_reach(edge, node, participant)]
    )
    return replace(node, edges=edges) if edges != node.edges else node


def _times(quarters: Quarters, sign: int) -> Quarters:
    return {quarter: number * sign for quarter, number in quarters.items()}
