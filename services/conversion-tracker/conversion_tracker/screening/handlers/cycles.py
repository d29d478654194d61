"""Referrals that close a circle of edges, and those that do no longer."""

from collections.abc import Sequence

from conversion_tracker.screening.catalogue import Finding, hit
from conversion_tracker.screening.conversion import Conversion, found
from conversion_tracker.screening.handlers.edges import children_at
from conversion_tracker.screening.handlers.handler import (
    State,
    States,
    conversion_at,
    conversion_of,
    program_of,
    referrer_at,
    referrer_of,
    said,
)
from conversion_tracker.screening.rules.referral_cycle import RING
from referral.catalog.view import Catalog
from referral.events.edges import ReferralInCycle, ReferralOutOfCycle
from referral.fold.fold import Decision, Key, Position, SortedSetMember

Line = ReferralInCycle | ReferralOutOfCycle


class Circles:
    """`referral.circled`, `referral.uncircled`: a finding on the conversion, and with the referrer for one yet to come."""

    def keys(self, line: Line) -> Sequence[Key]:
        """The conversion, its referrer, and the edge in the referrer's count."""
        return conversion_at(line.id), referrer_at(line.program, line.referrer), _child(line)

    def decide(self, line: Line, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """What counted is taken back, or counts again. Raises LookupError where the catalog lacks the referral's rules."""
        conversion = conversion_of(states, line.id)
        decision = _judged(line, conversion, catalog) if conversion else Decision()
        decision.changes |= _noted(line, states)
        since = states[_child(line)]
        if isinstance(since, float):
            decision.changes[_child(line)] = -abs(since) if isinstance(line, ReferralInCycle) else abs(since)
        return decision


def _judged(line: Line, conversion: Conversion, catalog: Catalog) -> Decision[State]:
    finding: Finding | None = None
    if isinstance(line, ReferralInCycle):
        finding = hit(RING, program_of(line.program, conversion.version, catalog).screening)
    return said(line, found(conversion, "ring", finding), "ring")


def _noted(line: Line, states: States) -> dict[Key, State | float | None]:
    referrer = referrer_of(states, line.program, line.referrer)
    after = referrer.circling(line.id) if isinstance(line, ReferralInCycle) else referrer.not_circling(line.id)
    return {referrer_at(line.program, line.referrer): after}


def _child(line: Line) -> SortedSetMember:
    return SortedSetMember(children_at(line.program, line.referrer), line.participant)
