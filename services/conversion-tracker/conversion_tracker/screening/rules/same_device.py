"""One phone, many followers: the cheapest way to bring oneself, and the first that fraud guides name.

Seen are the newest of those whom the referrer brought, and the referrer's own device where they told it when they were enrolled.
"""

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.program import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> bool:
    """Who told no device is nobody's double."""
    device = case.referral.device
    if not device:
        return False
    return device == case.referrer_device or case.history.count_on_device(device, case.referral.person)


SAME_DEVICE = ScreeningRule(
    name="same_device",
    description="Somebody else whom the referrer brought, or the referrer, has the same device.",
    scope="referrer",
    severity="high",
    action=lambda screening: screening.same_device,
    decide=_evaluate,
)
