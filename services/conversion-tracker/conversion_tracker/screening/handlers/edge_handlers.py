"""Referral edges: set and removed with the referrals, recorded at both ends, and probed for cycles."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec.structs import replace

from conversion_tracker.graph.cycle_detection import GraphStep
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
        referee = SortedSetMember(referee_board(line.program, line.referrer), line.person)
        decision: Decision[ScreenState] = Decision({referee: float(to_ms(line.occurred_at))})
        node = loaded_node(states, line.program, line.referrer)
        if not node.has_referees:
            decision.changes[node_state_key(line.program, line.referrer)] = replace(node, has_referees=True)
        decision.outputs.append(_edge_output(_edge_set_event(line)))
        return decision


class OnReversed:
    """`referral.reversed`: the referee has no referrer any more."""

    def keys(self, line: ReferralReversed) -> Sequence[Key]:
        """None."""
        return ()

    def decide(
        self, line: ReferralReversed, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Removes the referee and the edge."""
        if not line.id or not line.referrer or "attributed" not in line.undoes:
            return Decision()
        referee = SortedSetMember(referee_board(line.program, line.referrer), line.person)
        removed = EdgeRemoved(
            occurred_at=line.occurred_at, program=line.program, participant=line.person, referral=line.id
        )
        return Decision({referee: None}, [_edge_output(removed)])


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
        changes: dict[Key, ScreenState | float | None] = {} if after == before else {self.keys(line)[0]: after}
        return Decision(changes, [_edge_output(one) for one in lines])


def _edge_set_event(line: ReferralAttributed) -> EdgeSet:
    return EdgeSet(
        occurred_at=line.occurred_at,
        program=line.program,
        participant=line.person,
        referrer=line.referrer,
        referral=line.id,
        since=line.occurred_at,
    )


def _edge_output(line: EdgeFact) -> Output:
    return Output(ATTRIBUTIONS, line, edge_key(line))
