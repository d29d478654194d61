"""Referrals that qualify are screened; one that falls takes its conversion with it."""

from collections.abc import Sequence

from msgspec.structs import replace

from conversion_tracker.screening.catalogue import screen
from conversion_tracker.screening.conversion import qualify, with_reversal
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
from conversion_tracker.screening.referrer_history import ReferralSample, ReferrerHistory
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralQualified, ReferralReversed
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position


class OnQualified:
    """`referral.qualified`: what the rules find decides."""

    def __init__(self, rules: Sequence[ScreeningRule]) -> None:
        self._rules = rules

    def keys(self, line: ReferralQualified) -> Sequence[Key]:
        """The conversion and its referrer."""
        return conversion_state_key(line.id), history_state_key(line.program, line.referrer)

    def decide(
        self, line: ReferralQualified, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Cleared, held or rejected. Raises LookupError where the catalog lacks the rules that the referral was judged under."""
        referrer = loaded_history(states, line.program, line.referrer)
        program = program_version(line.program, line.version, catalog)
        findings = screen(_screening_case(line, referrer, program, catalog), program.screening, self._rules)
        now = qualify(loaded_conversion(states, line.id), line, findings)
        decision = publish_decision(line, replace(now, offset=position.offset, line=position.line), "corrected")
        brought = ReferralSample(to_ms(line.occurred_at), line.person, line.device, line.network)
        decision.changes[history_state_key(line.program, line.referrer)] = referrer.with_sample(brought)
        return decision


class OnUnqualified:
    """`referral.reversed`: a qualified referral is no longer valid."""

    def keys(self, line: ReferralReversed) -> Sequence[Key]:
        """The conversion and its referrer, where there can be one."""
        if not line.id or "qualified" not in line.undoes:
            return ()
        return conversion_state_key(line.id), history_state_key(line.program, line.referrer or "")

    def decide(
        self, line: ReferralReversed, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """The conversion falls; what counted is taken back. Of who unfollowed the referrer's record keeps that they left."""
        if not line.id or "qualified" not in line.undoes:
            return Decision()
        before = loaded_conversion(states, line.id)
        if before is None or not before.active:
            return Decision()
        decision = publish_decision(line, with_reversal(before), line.reason)
        if line.reason == "unfollowed":
            referrer = loaded_history(states, line.program, before.referrer)
            decision.changes[history_state_key(line.program, before.referrer)] = referrer.with_unfollow(line.person)
        return decision


def _screening_case(
    line: ReferralQualified, known: ReferrerHistory, program: Program, catalog: Catalog
) -> ScreeningCase:
    participant = catalog.participant(line.referrer)
    own = (participant.external_id, participant.device) if participant else (None, None)
    zone = catalog.versions(line.program)[0].program.timezone  # the first version's, for ever: boards close by it
    return ScreeningCase(line, own[0], known, own[1], program, zone)
