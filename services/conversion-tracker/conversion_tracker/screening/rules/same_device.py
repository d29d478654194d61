"""One phone, many followers: the cheapest way to bring oneself, and the first that fraud guides name.

Compared with the referrer's newest referees, and with the referrer's own device if it was given at enrolment.
"""

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> bool:
    """Referrals without a device hash never match."""
    device = case.referral.device
    if not device:
        return False
    return device == case.referrer_device or case.history.count_on_device(device, case.referral.person)


SAME_DEVICE = ScreeningRule(
    name="same_device",
    description="Another referee of the referrer, or the referrer, has the same device.",
    scope="referrer",
    severity="high",
    action=lambda screening: screening.same_device,
    decide=_evaluate,
)
