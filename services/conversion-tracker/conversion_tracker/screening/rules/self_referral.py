"""Nobody brings themselves. Attribution refuses it already; this is the second lock, on the finished referral."""

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.program import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> bool:
    """Raises LookupError where the referrer is not known, so that somebody looks at it."""
    if case.referrer_external_id is None:
        raise LookupError(f"the catalog has no participant {case.referral.referrer}")
    return case.referrer_external_id == case.referral.person


SELF_REFERRAL = ScreeningRule(
    name="self_referral",
    description="The referrer and the person they brought are the same.",
    scope="referral",
    severity="high",
    action=lambda screening: screening.self_referral,
    decide=_evaluate,
)
