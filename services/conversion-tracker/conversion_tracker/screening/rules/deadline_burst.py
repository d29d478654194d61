"""A referrer with unusually many referrals just before a deadline: this is when ranks and prizes are bought.

Honest promoters hurry before a deadline too; so the rule compares with several times the usual rate, and acts only if a program
enables it.
"""

from conversion_tracker.screening.deadlines import next_deadline
from conversion_tracker.screening.referrer_history import whole_seconds
from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import Screening
from referral.events.timestamps import to_ms

_HOUR_MS = 3600 * 1000
_USUAL_DAYS = 7


def _evaluate(case: ScreeningCase, screening: Screening) -> Observation | None:
    """Raises LookupError if the program or its time zone is unknown, so that an operator reviews the conversion."""
    thresholds, history = screening.deadline_burst, case.history
    if history.size < thresholds.limit:
        return None
    if case.program is None or case.timezone is None:
        raise LookupError(f"the deadlines of {case.referral.program} are unknown: the case has no program or time zone")
    at = to_ms(case.referral.occurred_at)
    deadline = next_deadline(case.program, case.timezone, at)
    if deadline is None or at < (opens := deadline - thresholds.hours * _HOUR_MS):
        return None
    inside = 1 + history.count_between(whole_seconds(opens), whole_seconds(deadline), case.referral.person)
    usual = history.daily_average_before(opens, _USUAL_DAYS) * thresholds.hours / 24
    limit = max(thresholds.limit, thresholds.times * usual)
    if inside <= limit:
        return None
    return {"referrals": inside, "hours": thresholds.hours, "usual": round(usual, 1), "limit": round(limit, 1)}


DEADLINE_BURST = ScreeningRule(
    name="deadline_burst",
    description=(
        "More than `limit` of the referrer's referrals qualified in the last `hours` before a deadline (the program's end, a"
        " board's month, a challenge's end), and more than `times` the usual number."
    ),
    scope="program",
    severity="low",
    action=lambda screening: screening.deadline_burst.action,
    evaluate=_evaluate,
    observes={
        "referrals": "the referrer's referrals in the last `hours` before the deadline, with this one",
        "hours": "`hours` of the program",
        "usual": "how many are usual in as many hours",
        "limit": "the larger of `limit` and `times` the usual number",
    },
)
