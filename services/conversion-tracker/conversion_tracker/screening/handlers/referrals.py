"""Referrals that qualify are screened; one that falls takes its conversion with it."""

from collections.abc import Sequence

from msgspec.structs import replace

from conversion_tracker.screening.catalogue import screen
from conversion_tracker.screening.conversion import fallen, qualified
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
from conversion_tracker.screening.referrer_history import Brought, Referrer
from conversion_tracker.screening.rule import Case, Rule
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralQualified, ReferralReversed
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position


class Qualifies:
    """`referral.qualified`: what the rules find decides."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules

    def keys(self, line: ReferralQualified) -> Sequence[Key]:
        """The conversion and its referrer."""
        return conversion_at(line.id), referrer_at(line.program, line.referrer)

    def decide(self, line: ReferralQualified, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Cleared, held or rejected. Raises LookupError where the catalog lacks the rules that the referral was judged under."""
        referrer = referrer_of(states, line.program, line.referrer)
        program = program_of(line.program, line.version, catalog)
        findings = screen(_case(line, referrer, program, catalog), program.screening, self._rules)
        now = qualified(conversion_of(states, line.id), line, findings)
        decision = said(line, replace(now, offset=position.offset, line=position.line), "corrected")
        brought = Brought(to_ms(line.occurred_at), line.person, line.device, line.network)
        decision.changes[referrer_at(line.program, line.referrer)] = referrer.with_(brought)
        return decision


class Reverses:
    """`referral.reversed`: what was qualified is no more."""

    def keys(self, line: ReferralReversed) -> Sequence[Key]:
        """The conversion and its referrer, where there can be one."""
        if not line.id or "qualified" not in line.undoes:
            return ()
        return conversion_at(line.id), referrer_at(line.program, line.referrer or "")

    def decide(self, line: ReferralReversed, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """The conversion falls; what counted is taken back. Of who unfollowed the referrer's record keeps that they left."""
        if not line.id or "qualified" not in line.undoes:
            return Decision()
        before = conversion_of(states, line.id)
        if before is None or not before.stands:
            return Decision()
        decision = said(line, fallen(before), line.reason)
        if line.reason == "unfollowed":
            referrer = referrer_of(states, line.program, before.referrer)
            decision.changes[referrer_at(line.program, before.referrer)] = referrer.without(line.person)
        return decision


def _case(line: ReferralQualified, known: Referrer, program: Program, catalog: Catalog) -> Case:
    participant = catalog.participant(line.referrer)
    own = (participant.external_id, participant.device) if participant else (None, None)
    zone = catalog.versions(line.program)[0].program.timezone  # the first version's, for ever: boards close by it
    return Case(line, own[0], known, own[1], program, zone)
