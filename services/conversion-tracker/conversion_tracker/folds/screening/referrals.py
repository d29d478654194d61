"""Referrals that qualify are screened; one that falls takes its conversion with it."""

from collections.abc import Sequence

from msgspec.structs import replace

from conversion_tracker.domain.conversion import fallen, qualified
from conversion_tracker.domain.screening.catalogue import screen
from conversion_tracker.domain.screening.referrer import Brought
from conversion_tracker.domain.screening.rule import Case, Rule
from conversion_tracker.folds.screening.handler import (
    State,
    States,
    conversion_at,
    conversion_of,
    referrer_at,
    referrer_of,
    said,
    settings_of,
)
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralQualified, ReferralReversed
from referral.events.moment import to_ms
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
        participant = catalog.participant(line.referrer)
        case = Case(line, participant.external_id if participant else None, referrer)
        findings = screen(case, settings_of(line.program, line.version, catalog), self._rules)
        now = qualified(conversion_of(states, line.id), line, findings)
        decision = said(line, replace(now, offset=position.offset, line=position.line), "corrected")
        brought = Brought(to_ms(line.occurred_at), line.person, line.device)
        decision.changes[referrer_at(line.program, line.referrer)] = referrer.with_(brought)
        return decision


class Reverses:
    """`referral.reversed`: what was qualified is no more."""

    def keys(self, line: ReferralReversed) -> Sequence[Key]:
        """The conversion, where there can be one."""
        return (conversion_at(line.id),) if line.id and "qualified" in line.undoes else ()

    def decide(self, line: ReferralReversed, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """The conversion falls; what counted is taken back."""
        if not line.id or "qualified" not in line.undoes:
            return Decision()
        before = conversion_of(states, line.id)
        return said(line, fallen(before), line.reason) if before and before.stands else Decision()
