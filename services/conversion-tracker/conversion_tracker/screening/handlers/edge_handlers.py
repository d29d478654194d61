"""Referral edges: set and removed with the referrals, recorded at both ends, and probed for cycles."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec.structs import replace

from conversion_tracker.graph.cycle_detection import GraphStep
from conversion_tracker.graph.reach import change_of_referee, forward, settle_edges
from conversion_tracker.graph.referral_edges import EMPTY_NODE, GraphNode
from conversion_tracker.screening.handlers.line_handler import ScreenState, ScreenStates
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralAttributed, ReferralReversed
from referral.events.edges import CycleOpened, EdgeFact, EdgeProbed, EdgeRemoved, EdgeSet, edge_key
from referral.events.keys import participant_key
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Output, Position, SortedSetMember
from referral.topics import ATTRIBUTIONS

NodeLine = TypeVar("NodeLine", bound=EdgeSet | EdgeRemoved | EdgeProbed | CycleOpened)


def node_state_key(program: str, participant: str) -> str:
    """Returns the state key of a participant's node in the referral graph."""
    return f"lineage:{participant_key(program, participant)}"


def referee_board(program: str, participant: str) -> str:
    """Returns the name of the sorted set of a participant's referees, by the follow (ms); negative if the edge is refused."""
    return f"children:{participant_key(program, participant)}"


def loaded_node(states: ScreenStates, program: str, participant: str) -> GraphNode:
    """Returns the loaded node of a participant; an empty one if there is none yet."""
    state = states[node_state_key(program, participant)]
    return state if isinstance(state, GraphNode) else EMPTY_NODE


class OnAttributed:
    """`referral.attributed`: the referrer has one more referee, and the edge is set at the referee's node."""

    def keys(self, line: ReferralAttributed) -> Sequence[Key]:
        """The node of the referrer."""
        return (node_state_key(line.program, line.referrer),)

    def decide(
        self, line: ReferralAttributed, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Adds the referee. The node of the referrer has it before the edge is set, so that a cycle through it is probed."""
        referee = _referee_member(line, line.referrer)
        decision: Decision[ScreenState] = Decision({referee: float(to_ms(line.occurred_at))})
        node = loaded_node(states, line.program, line.referrer)
        if not node.has_referees:
            decision.changes[node_state_key(line.program, line.referrer)] = replace(node, has_referees=True)
        decision.outputs.append(edge_output(_edge_set_event(line)))
        decision.outputs += _reach_outputs(line, node, None, float(to_ms(line.occurred_at)))
        return decision


class OnReversed:
    """`referral.reversed`: the referee has no referrer any more."""

    def keys(self, line: ReferralReversed) -> Sequence[Key]:
        """The referee among those of the referrer, and the referrer's node."""
        if not line.referrer or "attributed" not in line.undoes:
            return ()
        return node_state_key(line.program, line.referrer), _referee_member(line, line.referrer)

    def decide(
        self, line: ReferralReversed, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Removes the referee and the edge."""
        if not line.id or not line.referrer or "attributed" not in line.undoes:
            return Decision()
        referee = _referee_member(line, line.referrer)
        removed = EdgeRemoved(
            occurred_at=line.occurred_at, program=line.program, participant=line.person, referral=line.id
        )
        node, before = loaded_node(states, line.program, line.referrer), states[referee]
        reach = _reach_outputs(line, node, before if isinstance(before, float) else None, None)
        return Decision({referee: None}, [edge_output(removed), *reach])


class GraphHandler(Generic[NodeLine]):
    """A line about one node of the graph; `step` returns the node after it and the lines to send on."""

    def __init__(self, step: Callable[[GraphNode, NodeLine], GraphStep]) -> None:
        self._step = step

    def keys(self, line: NodeLine) -> Sequence[Key]:
        """The node of the participant."""
        return (node_state_key(line.program, line.participant),)

    def decide(
        self, line: NodeLine, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Applies `step` to the node."""
        before = loaded_node(states, line.program, line.participant)
        after, lines = self._step(before, line)
        if after != before:
            after, refresh = settle_edges(before, after, line, line.participant)
            lines = [*lines, *refresh]
        changes: dict[Key, ScreenState | float | None] = {} if after == before else {self.keys(line)[0]: after}
        return Decision(changes, [edge_output(one) for one in lines])


def _referee_member(line: ReferralAttributed | ReferralReversed, referrer: str) -> SortedSetMember:
    return SortedSetMember(referee_board(line.program, referrer), line.person)


def _reach_outputs(
    line: ReferralAttributed | ReferralReversed, node: GraphNode, before: float | None, after: float | None
) -> list[Output]:
    """What a referee who comes or leaves changes two degrees above; mostly nothing, since most referrers have no referrer."""
    if line.person == line.referrer or not (node.edges or node.withdrawn):
        return []
    return [edge_output(one) for one in forward(node, 1, change_of_referee(before, after), line)]


def _edge_set_event(line: ReferralAttributed) -> EdgeSet:
    return EdgeSet(
        occurred_at=line.occurred_at,
        program=line.program,
        participant=line.person,
        referrer=line.referrer,
        referral=line.id,
        since=line.occurred_at,
    )


def edge_output(line: EdgeFact) -> Output:
    """Returns the output of a line of the graph, under the key of its node."""
    return Output(ATTRIBUTIONS, line, edge_key(line))
