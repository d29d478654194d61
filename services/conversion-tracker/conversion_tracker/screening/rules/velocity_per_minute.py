"""Referrals faster than friends follow: a script, or bought followers."""

from conversion_tracker.screening.referrer_history import whole_seconds
from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from conversion_tracker.screening.sliding_window import max_in_window
from referral.events.screening import Screening
from referral.events.timestamps import to_ms

_MINUTE_S = 60


def _evaluate(case: ScreeningCase, screening: Screening) -> Observation | None:
    limit = screening.velocity_per_minute.limit
    if case.history.size < limit:
        return None
    at = whole_seconds(to_ms(case.referral.occurred_at))
    near = case.history.moments_around(at, _MINUTE_S, case.referral.person)
    if len(near) < limit:
        return None
    referrals = max_in_window(near, at, _MINUTE_S)
    return {"referrals": referrals, "limit": limit} if referrals > limit else None


VELOCITY_PER_MINUTE = ScreeningRule(
    name="velocity_per_minute",
    description="More than `limit` of the referrer's referrals qualified within a minute.",
    scope="referrer",
    severity="medium",
    action=lambda screening: screening.velocity_per_minute.action,
    evaluate=_evaluate,
    observes={
        "referrals": "the referrer's referrals that qualified within a minute, with this one",
        "limit": "`limit` of the program",
    },
)
