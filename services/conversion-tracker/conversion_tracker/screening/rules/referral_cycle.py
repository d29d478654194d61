"""Referral cycles: the newest edge of a cycle of up to 8 edges neither counts nor pays."""

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> bool:
    """A circle is found by its edges (`domain.circles`); if before the referral qualifies, that is remembered with the referrer."""
    return case.referral.id in case.history.in_cycle


REFERRAL_CYCLE = ScreeningRule(
    name="ring",
    description="The referrer was referred, over up to 8 referrals, by the person they referred.",
    scope="program",
    severity="high",
    action=lambda screening: screening.ring,
    decide=_evaluate,
)
