"""Faster than friends follow: a script, or a bought crowd."""

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from conversion_tracker.screening.sliding_window import max_in_window
from referral.events.screening import Screening
from referral.events.timestamps import to_ms

_MINUTE_MS = 60_000


def _evaluate(case: ScreeningCase, screening: Screening) -> bool:
    limit = screening.velocity_per_minute.limit
    if case.history.size < limit:
        return False
    at = to_ms(case.referral.occurred_at)
    return max_in_window(case.history.moments_around(at, _MINUTE_MS, case.referral.person), at, _MINUTE_MS) > limit


VELOCITY_PER_MINUTE = ScreeningRule(
    name="velocity_per_minute",
    description="More than `limit` of the referrer's referrals qualified within a minute.",
    scope="referrer",
    severity="medium",
    action=lambda screening: screening.velocity_per_minute.action,
    decide=_evaluate,
)
