"""Reach: what is below a participant is passed up, added and taken back (`graph.reach`)."""

from collections.abc import Sequence

from msgspec.structs import replace

from conversion_tracker.graph.reach import ReachState, forward, quarters_of, refresh, settle_edges
from conversion_tracker.screening.handlers.edge_handlers import (
    edge_output,
    loaded_node,
    node_state_key,
    referee_board,
)
from conversion_tracker.screening.handlers.line_handler import ScreenState, ScreenStates
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerBanned, ReferrerUnbanned
from referral.events.edges import EdgeFact, ReachChanged, ReachRefreshRequested
from referral.events.keys import participant_key
from referral.fold.fold import Decision, Key, Output, Position, StateGroup, group_scores

BanLine = ReferrerBanned | ReferrerUnbanned


class OnReachChanged:
    """`reach.changed`: people two degrees below are stored, and are three degrees below the referrer."""

    def keys(self, line: ReachChanged) -> Sequence[Key]:
        """The node and who is two degrees below it; nothing for those at three degrees, which are counted on boards only."""
        if line.degree != 2:
            return ()
        return node_state_key(line.program, line.participant), reach_state_key(line.program, line.participant)

    def decide(
        self, line: ReachChanged, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Stores the change and sends it on."""
        if not self.keys(line):
            return Decision()
        key = reach_state_key(line.program, line.participant)
        after = _loaded_reach(states, line).plus(line.quarters)
        node = loaded_node(states, line.program, line.participant)
        return Decision({key: after if after.second else None}, _outputs(forward(node, 2, dict(line.quarters), line)))


class OnReachRefresh:
    """`reach.refresh_requested`: everything below is loaded, and added or taken back at the referrers."""

    def keys(self, line: ReachRefreshRequested) -> Sequence[Key]:
        """The node, who is two degrees below it, and its referees."""
        return (
            node_state_key(line.program, line.participant),
            reach_state_key(line.program, line.participant),
            _referees(line),
        )

    def decide(
        self, line: ReachRefreshRequested, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Refreshes the node."""
        before = loaded_node(states, line.program, line.participant)
        first = quarters_of(
            score for one, score in group_scores(states, _referees(line)) if score > 0 and one != line.participant
        )
        after, lines = refresh(before, first, _loaded_reach(states, line).second, line)
        return _node_decision(before, after, lines, line.program, line.participant)


class OnNodeBan:
    """`referrer.banned`, `referrer.unbanned`: what a banned referrer brought counts for no one's reach."""

    def keys(self, line: BanLine) -> Sequence[Key]:
        """The node of the referrer."""
        return (node_state_key(line.program, line.referrer),)

    def decide(
        self, line: BanLine, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Marks the node, and asks for a refresh if anyone is below it."""
        before = loaded_node(states, line.program, line.referrer)
        banned = replace(before, banned=isinstance(line, ReferrerBanned))
        after, lines = settle_edges(before, banned, line, line.referrer)
        return _node_decision(before, after, lines, line.program, line.referrer)


def reach_state_key(program: str, participant: str) -> str:
    """Returns the state key of the people two degrees below a participant."""
    return f"reach:{participant_key(program, participant)}"


def _referees(line: ReachRefreshRequested) -> StateGroup:
    return StateGroup(referee_board(line.program, line.participant))


def _loaded_reach(states: ScreenStates, line: ReachChanged | ReachRefreshRequested) -> ReachState:
    state = states[reach_state_key(line.program, line.participant)]
    return state if isinstance(state, ReachState) else ReachState()


def _node_decision(
    before: object, after: ScreenState, lines: Sequence[EdgeFact], program: str, participant: str
) -> Decision[ScreenState]:
    changes: dict[Key, ScreenState | float | None] = {}
    if after != before:
        changes[node_state_key(program, participant)] = after
    return Decision(changes, _outputs(lines))


def _outputs(lines: Sequence[EdgeFact]) -> list[Output]:
    return [edge_output(line) for line in lines]
