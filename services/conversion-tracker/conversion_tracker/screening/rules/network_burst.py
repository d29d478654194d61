"""Many new followers from one network at once: a room full of phones, or one machine.

A café or a campus has many too, over hours; an event has them at once, so that a person should look first.
"""

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from conversion_tracker.screening.sliding_window import max_in_window
from referral.events.screening import Screening
from referral.events.timestamps import to_ms

_MINUTE_MS = 60_000


def _evaluate(case: ScreeningCase, screening: Screening) -> bool:
    """No network hash: not evaluated."""
    network, bounds = case.referral.network, screening.network_burst
    if not network:
        return False
    at, span = to_ms(case.referral.occurred_at), bounds.minutes * _MINUTE_MS
    near = case.history.moments_around(at, span, case.referral.person, network)
    return max_in_window(near, at, span) >= bounds.people


NETWORK_BURST = ScreeningRule(
    name="network_burst",
    description="`people` or more of the referrer's referees came from one network within `minutes`.",
    scope="referrer",
    severity="medium",
    action=lambda screening: screening.network_burst.action,
    decide=_evaluate,
)
