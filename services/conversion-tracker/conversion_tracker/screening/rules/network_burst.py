"""Many new followers from one network at once: a room full of phones, or one machine.

A café or a campus has many too, but over hours; an event has them at once, so the default is to hold for review.
"""

from conversion_tracker.screening.referrer_history import whole_seconds
from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from conversion_tracker.screening.sliding_window import max_in_window
from referral.events.screening import Screening
from referral.events.timestamps import to_ms

_MINUTE_S = 60


def _evaluate(case: ScreeningCase, screening: Screening) -> Observation | None:
    """No network hash: not evaluated."""
    network, thresholds = case.referral.network, screening.network_burst
    if not network:
        return None
    at, span = whole_seconds(to_ms(case.referral.occurred_at)), thresholds.minutes * _MINUTE_S
    people = max_in_window(case.history.moments_around(at, span, case.referral.person, network), at, span)
    if people < thresholds.people:
        return None
    return {"people": people, "minutes": thresholds.minutes, "limit": thresholds.people}


NETWORK_BURST = ScreeningRule(
    name="network_burst",
    description="`people` or more of the referrer's referees came from one network within `minutes`.",
    scope="referrer",
    severity="medium",
    action=lambda screening: screening.network_burst.action,
    evaluate=_evaluate,
    observes={
        "people": "the referrer's referees from this network within `minutes`, with this one",
        "minutes": "`minutes` of the program",
        "limit": "`people` of the program",
    },
)
