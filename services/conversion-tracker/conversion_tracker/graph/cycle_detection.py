"""Detection of referral cycles by lines between the nodes of the graph. The newest edge of a cycle is refused.

Each person has one edge, so no edge is part of two cycles, and "the newest edge, by (since, referral), of each cycle of at most 8
edges" depends only on which edges exist, not on the order in which lines arrive. It is computed as follows.

*Setting an edge sends a probe.* The edges of a cycle are set at their nodes one after another, in any order; the probe of the last
one finds the others. It is sent if the participant has ever had a referee, which their node records before the edge below is set.
A probe that returns to its start is closed, and goes round once more up to the newest edge, which is marked: its referral is in a
cycle.

*Removing an edge removes marks.* If a probe has passed it, `circle.opened` follows the path up and removes the marks of cycles
with that edge. Lines between two nodes stay in order, so it stays behind the probe and its closed round: it reaches the marked
node after the mark, or stops where another edge was removed, whose own `circle.opened` is then nearer to the mark. An edge that
is set again is another edge, by its `life`: lines about the old edge, whatever their route and delay, do not remove marks of the
new one.

docs/decisions/0020-referral-cycles.md has the whole argument; tests/unit/conversion_tracker/test_referral_cycles.py checks it for
any order of lines.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from conversion_tracker.graph.referral_edges import GraphNode, ReferralEdge
from referral.events.edges import (
    CycleOpened,
    EdgeFact,
    EdgeProbed,
    EdgeRemoved,
    EdgeSet,
    EdgeStep,
    ReferralInCycle,
    ReferralOutOfCycle,
)
from referral.events.timestamps import to_datetime, to_ms

MAX_EDGES = 8  # of a cycle; longer ones are not detected

GraphStep = tuple[GraphNode, list[EdgeFact]]  # the node afterwards, and the lines to publish


def set_edge(node: GraphNode, line: EdgeSet) -> GraphStep:
    """Sets the edge; if it can close a cycle, sends a probe."""
    node = node.with_new_edge(line.referral, line.referrer, to_ms(line.since))
    if not node.has_referees or line.referrer == line.participant:
        return node, []
    edge = replace(node.edges[-1], probed=True)
    return node.with_edge(edge), [_probe_event(line, (_edge_step(line.participant, edge),))]


def remove_edge(node: GraphNode, line: EdgeRemoved) -> GraphStep:
    """Removes the edge; if a probe has passed it, removes the marks of cycles with it."""
    edge = node.edge(line.referral)
    if edge is None:
        return node, []
    lines: list[EdgeFact] = [_out_of_cycle_event(line, edge)] if edge.cycles else []
    if edge.probed:
        lines.append(_opened_event(line, edge, edge, MAX_EDGES - 2))
    return node.without_edge(line.referral), lines


def probe_edge(node: GraphNode, line: EdgeProbed) -> GraphStep:
    """Sends the probe on up, closes the cycle if it has returned to its start, or drops it."""
    if line.closed:
        return _close_cycle(node, line, line.path)
    lines: list[EdgeFact] = []
    for edge in node.edges:
        path = (*line.path, _edge_step(line.participant, edge))
        if edge.referrer == path[0].participant:
            node, more = _close_cycle(node.with_edge(replace(edge, probed=True)), line, path)
            lines += more
        elif len(path) < MAX_EDGES and edge.referrer not in {step.participant for step in path}:
            node = node.with_edge(replace(edge, probed=True))
            lines.append(_probe_event(line, path))
    return node, lines


def open_cycle(node: GraphNode, line: CycleOpened) -> GraphStep:
    """Removes the marks of cycles with the removed edge, and sends the line on up."""
    lines: list[EdgeFact] = []
    for edge in node.edges:
        remaining = tuple(cycle for cycle in edge.cycles if (line.referral, line.life) not in cycle)
        if remaining != edge.cycles:
            node = node.with_edge(replace(edge, cycles=remaining))
            lines += [] if remaining else [_out_of_cycle_event(line, edge)]
        if edge.probed and line.left > 0:
            lines.append(_opened_event(line, edge, line, line.left - 1))
    return node, lines


def _close_cycle(node: GraphNode, line: EdgeProbed, cycle: Sequence[EdgeStep]) -> GraphStep:
    """At one node of a closed cycle: marks the edge if it is the newest, otherwise sends the probe on.

    Drops the probe if the edge has been removed or set again since.
    """
    own = next(step for step in cycle if step.participant == line.participant)
    edge = node.edge(own.referral)
    if edge is None or edge.life != own.life:
        return node, []
    if own is max(cycle, key=_edge_age):
        return _mark_cycle(node, line, edge, cycle)
    return node, [_probe_event(line, cycle, own.referrer, closed=True)]


def _mark_cycle(node: GraphNode, line: EdgeProbed, edge: ReferralEdge, cycle: Sequence[EdgeStep]) -> GraphStep:
    """Marks the edge for one more cycle; publishes that its referral is in a cycle if this is the first one."""
    mark = tuple(sorted((step.referral, step.life) for step in cycle))
    if mark in edge.cycles:
        return node, []
    return node.with_edge(replace(edge, cycles=(*edge.cycles, mark))), list(_in_cycle_event(line, edge, cycle))


def _edge_age(step: EdgeStep) -> tuple[int, str]:
    return to_ms(step.since), step.referral


def _edge_step(participant: str, edge: ReferralEdge) -> EdgeStep:
    return EdgeStep(
        participant=participant,
        referrer=edge.referrer,
        referral=edge.referral,
        since=to_datetime(edge.since),
        life=edge.life,
    )


def _probe_event(
    line: EdgeSet | EdgeProbed, path: Sequence[EdgeStep], to: str | None = None, *, closed: bool = False
) -> EdgeProbed:
    return EdgeProbed(
        occurred_at=line.occurred_at,
        program=line.program,
        participant=to or path[-1].referrer,
        path=tuple(path),
        closed=closed,
    )


def _opened_event(
    line: EdgeRemoved | CycleOpened, up: ReferralEdge, removed: ReferralEdge | CycleOpened, left: int
) -> CycleOpened:
    return CycleOpened(
        occurred_at=line.occurred_at,
        program=line.program,
        participant=up.referrer,
        referral=removed.referral,
        life=removed.life,
        left=left,
    )


def _in_cycle_event(line: EdgeProbed, edge: ReferralEdge, cycle: Sequence[EdgeStep]) -> Iterator[ReferralInCycle]:
    """Dated with the newest follow of the cycle, which is when it closed."""
    if not edge.cycles:
        since = to_datetime(edge.since)
        yield ReferralInCycle(
            occurred_at=since,
            program=line.program,
            id=edge.referral,
            participant=line.participant,
            referrer=edge.referrer,
            since=since,
            circle=tuple(cycle),
        )


def _out_of_cycle_event(line: EdgeRemoved | CycleOpened, edge: ReferralEdge) -> ReferralOutOfCycle:
    return ReferralOutOfCycle(
        occurred_at=line.occurred_at,
        program=line.program,
        id=edge.referral,
        participant=line.participant,
        referrer=edge.referrer,
    )
