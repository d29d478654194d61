"""Referral cycles: the newest edge of a cycle of up to 8 edges neither counts nor pays.

Cycles are found by `graph.cycle_detection`. If that happens before the referral qualifies, the history of the referrer has it.
"""

from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> Observation | None:
    return {} if case.referral.id in case.history.in_cycle else None


REFERRAL_CYCLE = ScreeningRule(
    name="ring",
    description="The referrer was referred, over up to 8 referrals, by the person they referred.",
    scope="program",
    severity="high",
    action=lambda screening: screening.ring,
    evaluate=_evaluate,
    observes={"referrals": "the referrals of the cycle; absent if the cycle closed before this one qualified"},
)
