"""Referrals that qualify are screened; a reversed referral reverses its conversion."""

from collections.abc import Sequence

from conversion_tracker.screening.catalogue import evaluate_rules
from conversion_tracker.screening.conversion import qualify, with_reversal
from conversion_tracker.screening.handlers.line_handler import (
    ScreenState,
    ScreenStates,
    conversion_state_key,
    history_state_key,
    loaded_conversion,
    loaded_history,
    publish_decision,
)
from conversion_tracker.screening.referrer_history import ReferrerHistory, referral_sample
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from conversion_tracker.screening.screening_terms import ScreeningTerms, ScreeningTermsCache
from referral.catalog.view import Catalog
from referral.events.attributions import QualifyingLine, ReferralReversed
from referral.events.timestamps import to_datetime
from referral.fold.fold import Decision, Key, Position


class OnQualified:
    """A referral that has qualified, by `referral.qualified` or with its attribution: screens it."""

    def __init__(self, rules: Sequence[ScreeningRule]) -> None:
        self._terms = ScreeningTermsCache(rules)

    def keys(self, line: QualifyingLine) -> Sequence[Key]:
        """The conversion and the history of its referrer; none if the referral has not qualified."""
        if "qualified" not in line.stages:
            return ()
        return conversion_state_key(line.id), history_state_key(line.program, line.referrer)

    def decide(
        self, line: QualifyingLine, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Clears, holds or rejects; nothing if the referral has not qualified.

        Raises LookupError if the catalog does not have the program version of the referral."""
        if "qualified" not in line.stages:
            return Decision()
        history, before = loaded_history(states, line.program, line.referrer), loaded_conversion(states, line.id)
        terms = self._terms.of_version(line.program, line.version, catalog)
        case = _screening_case(line, history, terms, catalog, position)
        findings = evaluate_rules(case, terms.program.screening, terms.rules)
        now = qualify(before, line, findings, position.offset, position.line)
        decision = publish_decision(line, now, "corrected", is_new=before is None)
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
    line: QualifyingLine, history: ReferrerHistory, terms: ScreeningTerms, catalog: Catalog, position: Position
) -> ScreeningCase:
    participant = catalog.participant(line.referrer)
    device = participant.device if participant else None
    if participant and participant.former:
        device = participant.details_at(min(line.occurred_at, to_datetime(position.recorded_at_ms))).device
    return ScreeningCase(line, participant, history, device, terms.program, terms.timezone)
