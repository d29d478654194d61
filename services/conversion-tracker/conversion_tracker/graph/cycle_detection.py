"""Referral cycles, detected and dissolved by lines between the nodes of the graph. A cycle's newest edge is refused.

Each person has one edge, so no edge is part of two cycles, and "the newest edge, by (since, referral), of each cycle of at most 8
edges" depends only on which edges exist, not on the order of arrival. It is computed as follows.

*Setting an edge probes.* The edges of a cycle are set at their nodes one after another, in any order; the last one's probe
finds the others. It is sent if the participant has ever had a referee, and that was recorded before the edge below was
set. A probe that returns is closed and goes round up to the newest edge, which is marked: its referral is in a cycle.

*Removing an edge notifies.* If a probe had passed it, `circle.opened` follows the path up, and removes the marks made for a
cycle with that edge. Lines between two nodes stay in order, so it stays behind the probe and its closed round: it reaches the
marked node after the mark, or stops where another edge was removed, whose own notification is then nearer to the mark. An edge
that is set again is another edge, by its `life`: notifications about the old one, whatever their route and delay, leave the new
one's marks.

docs/decisions/0020-referral-cycles.md has the whole argument, and tests/unit/conversion_tracker/test_referral_cycles.py plays it
in any order.
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


def set_edge(place: GraphNode, line: EdgeSet) -> GraphStep:
    """Sets the edge; if it can close a cycle, sends a probe."""
    place = place.with_new_edge(line.referral, line.referrer, to_ms(line.since))
    if not place.has_referees or line.referrer == line.participant:
        return place, []
    edge = replace(place.edges[-1], probed=True)
    return place.with_edge(edge), [_probe_event(line, (_edge_step(line.participant, edge),))]


def remove_edge(place: GraphNode, line: EdgeRemoved) -> GraphStep:
    """Removes the edge, and notifies the marks that depend on it."""
    edge = place.edge(line.referral)
    if edge is None:
        return place, []
    told: list[EdgeFact] = [_out_of_cycle_event(line, edge)] if edge.cycles else []
    if edge.probed:
        told.append(_opened_event(line, edge, edge, MAX_EDGES - 2))
    return place.without_edge(line.referral), told


def probe_edge(place: GraphNode, line: EdgeProbed) -> GraphStep:
    """The probe goes on up, or has come back, or ends here."""
    if line.closed:
        return _close_cycle(place, line, line.path)
    told: list[EdgeFact] = []
    for edge in place.edges:
        path = (*line.path, _edge_step(line.participant, edge))
        if edge.referrer == path[0].participant:
            place, more = _close_cycle(place.with_edge(replace(edge, probed=True)), line, path)
            told += more
        elif len(path) < MAX_EDGES and edge.referrer not in {step.participant for step in path}:
            place = place.with_edge(replace(edge, probed=True))
            told.append(_probe_event(line, path))
    return place, told


def open_cycle(place: GraphNode, line: CycleOpened) -> GraphStep:
    """What was refused for a circle that is open now is an edge again; and on up it goes."""
    told: list[EdgeFact] = []
    for edge in place.edges:
        left = tuple(circle for circle in edge.cycles if (line.referral, line.life) not in circle)
        if left != edge.cycles:
            place = place.with_edge(replace(edge, cycles=left))
            told += [] if left else [_out_of_cycle_event(line, edge)]
        if edge.probed and line.left > 0:
            told.append(_opened_event(line, edge, line, line.left - 1))
    return place, told


def _close_cycle(place: GraphNode, line: EdgeProbed, circle: Sequence[EdgeStep]) -> GraphStep:
    """At one place of a closed circle: marks its newest edge, or hands on. It ends where the edge is not what it was."""
    mine = next(step for step in circle if step.participant == line.participant)
    edge = place.edge(mine.referral)
    if edge is None or edge.life != mine.life:
        return place, []
    if mine is max(circle, key=_edge_age):
        return _mark_cycle(place, line, edge, circle)
    return place, [_probe_event(line, circle, mine.referrer, closed=True)]


def _mark_cycle(place: GraphNode, line: EdgeProbed, edge: ReferralEdge, circle: Sequence[EdgeStep]) -> GraphStep:
    """The edge is refused for one more cycle; publishes that if it is the first."""
    found = tuple(sorted((step.referral, step.life) for step in circle))
    if found in edge.cycles:
        return place, []
    return place.with_edge(replace(edge, cycles=(*edge.cycles, found))), list(_in_cycle_event(line, edge, circle))


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
    line: EdgeRemoved | CycleOpened, up: ReferralEdge, gone: ReferralEdge | CycleOpened, left: int
) -> CycleOpened:
    return CycleOpened(
        occurred_at=line.occurred_at,
        program=line.program,
        participant=up.referrer,
        referral=gone.referral,
        life=gone.life,
        left=left,
    )


def _in_cycle_event(line: EdgeProbed, edge: ReferralEdge, circle: Sequence[EdgeStep]) -> Iterator[ReferralInCycle]:
    """Dated when the circle closed."""
    if not edge.cycles:
        since = to_datetime(edge.since)
        yield ReferralInCycle(
            occurred_at=since,
            program=line.program,
            id=edge.referral,
            participant=line.participant,
            referrer=edge.referrer,
            since=since,
            circle=tuple(circle),
        )


def _out_of_cycle_event(line: EdgeRemoved | CycleOpened, edge: ReferralEdge) -> ReferralOutOfCycle:
    return ReferralOutOfCycle(
        occurred_at=line.occurred_at,
        program=line.program,
        id=edge.referral,
        participant=line.participant,
        referrer=edge.referrer,
    )
