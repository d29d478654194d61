"""One phone, many followers: the cheapest form of self-referral, and the first that fraud guides name.

The device is compared with those of the referrer's newest referees, and with the referrer's own if it was given at enrolment.
"""

from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> Observation | None:
    """Referrals without a device hash never match."""
    device = case.referral.device
    if not device:
        return None
    referees, referrer = case.history.count_on_device(device, case.referral.person), device == case.referrer_device
    return {"people": referees + referrer} if referees or referrer else None


SAME_DEVICE = ScreeningRule(
    name="same_device",
    description="Another referee of the referrer, or the referrer, has the same device.",
    scope="referrer",
    severity="high",
    action=lambda screening: screening.same_device,
    evaluate=_evaluate,
    observes={"people": "the others with this device: the referrer and their referees that are remembered"},
)
