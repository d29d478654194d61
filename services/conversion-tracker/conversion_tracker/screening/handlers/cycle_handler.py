"""Referrals that become the newest edge of a referral cycle, and those that no longer are."""

from collections.abc import Sequence

from conversion_tracker.graph.reach import change_of_referee, forward
from conversion_tracker.screening.catalogue import Finding, action_outcome
from conversion_tracker.screening.conversion import Conversion, with_finding
from conversion_tracker.screening.handlers.edge_handlers import edge_output, loaded_node, node_state_key, referee_board
from conversion_tracker.screening.handlers.line_handler import (
    ScreenState,
    ScreenStates,
    conversion_state_key,
    history_state_key,
    loaded_conversion,
    loaded_history,
    program_version,
    publish_decision,
)
from conversion_tracker.screening.rules.referral_cycle import REFERRAL_CYCLE
from referral.catalog.view import Catalog
from referral.events.edges import ReferralInCycle, ReferralOutOfCycle
from referral.fold.fold import Decision, Key, Position, SortedSetMember

CycleLine = ReferralInCycle | ReferralOutOfCycle


class OnCycleChange:
    """`referral.circled`, `referral.uncircled`: a finding of the conversion; in the history for one that qualifies later."""

    def keys(self, line: CycleLine) -> Sequence[Key]:
        """The conversion, the history of its referrer, the edge among the referrer's referees, and the referrer's node."""
        return (
            conversion_state_key(line.id),
            history_state_key(line.program, line.referrer),
            _referee_member(line),
            node_state_key(line.program, line.referrer),
        )

    def decide(
        self, line: CycleLine, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Adds or removes the finding. Raises LookupError if the catalog does not have the program version of the referral."""
        conversion = loaded_conversion(states, line.id)
        decision = _finding_decision(line, conversion, catalog) if conversion else Decision()
        decision.changes |= _history_change(line, states)
        since = states[_referee_member(line)]
        if isinstance(since, float):
            now = -abs(since) if isinstance(line, ReferralInCycle) else abs(since)
            decision.changes[_referee_member(line)] = now
            node = loaded_node(states, line.program, line.referrer)
            decision.outputs += map(edge_output, forward(node, 1, change_of_referee(since, now), line))
        return decision


def _finding_decision(line: CycleLine, conversion: Conversion, catalog: Catalog) -> Decision[ScreenState]:
    finding: Finding | None = None
    if isinstance(line, ReferralInCycle):
        screening = program_version(line.program, conversion.version, catalog).screening
        outcome = action_outcome(REFERRAL_CYCLE, screening)
        finding = Finding(outcome, "ring", {"referrals": len(line.circle)}) if outcome != "cleared" else None
    return publish_decision(line, with_finding(conversion, "ring", finding), "ring")


def _history_change(line: CycleLine, states: ScreenStates) -> dict[Key, ScreenState | float | None]:
    history = loaded_history(states, line.program, line.referrer)
    after = history.with_cycle(line.id) if isinstance(line, ReferralInCycle) else history.without_cycle(line.id)
    return {history_state_key(line.program, line.referrer): after}


def _referee_member(line: CycleLine) -> SortedSetMember:
    return SortedSetMember(referee_board(line.program, line.referrer), line.participant)
