"""Self-referral. Attribution refuses it already; this rule checks the finished referral once more."""

from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> Observation | None:
    """Raises LookupError if the referrer is unknown, so that an operator reviews the conversion."""
    if case.referrer is None:
        raise LookupError(f"the catalog has no participant {case.referral.referrer}")
    return {} if case.referrer.id == case.referral.person else None


SELF_REFERRAL = ScreeningRule(
    name="self_referral",
    description="The referrer and the referee are the same person.",
    scope="referral",
    severity="high",
    action=lambda screening: screening.self_referral,
    evaluate=_evaluate,
)
