"""Referrals that qualify are screened; a reversed referral reverses its conversion."""

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
from conversion_tracker.screening.referrer_history import ReferrerHistory, referral_sample
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralQualified, ReferralReversed
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.fold.fold import Decision, Key, Position


class OnQualified:
    """`referral.qualified`: screens the referral."""

    def __init__(self, rules: Sequence[ScreeningRule]) -> None:
        self._rules = rules

    def keys(self, line: ReferralQualified) -> Sequence[Key]:
        """The conversion and the history of its referrer."""
        return conversion_state_key(line.id), history_state_key(line.program, line.referrer)

    def decide(
        self, line: ReferralQualified, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Clears, holds or rejects. Raises LookupError if the catalog does not have the program version of the referral."""
        history = loaded_history(states, line.program, line.referrer)
        program = program_version(line.program, line.version, catalog)
        findings = screen(_screening_case(line, history, program, catalog, position), program.screening, self._rules)
        now = qualify(loaded_conversion(states, line.id), line, findings)
        decision = publish_decision(line, replace(now, offset=position.offset, line=position.line), "corrected")
        decision.changes[history_state_key(line.program, line.referrer)] = history.with_sample(referral_sample(line))
        return decision


class OnUnqualified:
    """`referral.reversed`: reverses the conversion, if the referral had qualified."""

    def keys(self, line: ReferralReversed) -> Sequence[Key]:
        """The conversion and the history of its referrer; none if the referral had not qualified."""
        if not line.id or "qualified" not in line.undoes:
            return ()
        return conversion_state_key(line.id), history_state_key(line.program, line.referrer or "")

    def decide(
        self, line: ReferralReversed, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Reverses the conversion. An unfollow is also recorded in the history of the referrer."""
        if not line.id or "qualified" not in line.undoes:
            return Decision()
        before = loaded_conversion(states, line.id)
        if before is None or not before.active:
            return Decision()
        decision = publish_decision(line, with_reversal(before), line.reason)
        if line.reason == "unfollowed":
            history = loaded_history(states, line.program, before.referrer)
            decision.changes[history_state_key(line.program, before.referrer)] = history.with_unfollow(line.person)
        return decision


def _screening_case(
    line: ReferralQualified, history: ReferrerHistory, program: Program, catalog: Catalog, position: Position
) -> ScreeningCase:
    participant = catalog.participant(line.referrer)
    known_by = min(line.occurred_at, to_datetime(position.recorded_at_ms))
    external_id = participant.external_id if participant else None
    device = participant.details_at(known_by).device if participant else None
    timezone = catalog.versions(line.program)[0].program.timezone  # that of the first version, as for boards
    return ScreeningCase(line, external_id, history, device, program, timezone)
