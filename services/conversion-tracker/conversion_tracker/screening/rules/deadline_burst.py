"""A referrer who brings many at the last moment, and never did before: ranks and prizes are bought then.

Promoters usually hurry before a deadline; so the rule compares with several times the usual rate, and acts only if a
program enables it.
"""

from conversion_tracker.screening.deadlines import next_deadline
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.screening import Screening
from referral.events.timestamps import to_ms

_HOUR_MS = 3600 * 1000
_USUAL_DAYS = 7


def _evaluate(case: ScreeningCase, screening: Screening) -> bool:
    """Raises LookupError if the program or its time zone is unknown, so that an operator reviews the conversion."""
    bounds, known = screening.deadline_burst, case.history
    if known.size < bounds.limit:
        return False
    if case.program is None or case.timezone is None:
        raise LookupError(f"there are no rules of {case.referral.program} to take deadlines from")
    at = to_ms(case.referral.occurred_at)
    deadline = next_deadline(case.program, case.timezone, at)
    if deadline is None or at < (opens := deadline - bounds.hours * _HOUR_MS):
        return False
    inside = 1 + known.count_between(opens, deadline, case.referral.person)
    usual = known.daily_average_before(opens, _USUAL_DAYS) * bounds.hours / 24
    return inside > max(bounds.limit, bounds.times * usual)


DEADLINE_BURST = ScreeningRule(
    name="deadline_burst",
    description=(
        "More than `limit` of the referrer's referrals qualified in the last `hours` before a deadline (the program's end, a"
        " board's month, a challenge's end), more than `times` what is usual with them."
    ),
    scope="program",
    severity="low",
    action=lambda screening: screening.deadline_burst.action,
    decide=_evaluate,
)
