"""Followers who come and go: one who follows again and again, or a referrer whose people do not stay once they have counted."""

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.program import Screening


def _evaluate(case: ScreeningCase, screening: Screening) -> bool:
    return case.referral.spells >= screening.churn.follows or _left_percent(case, screening)


def _left_percent(case: ScreeningCase, screening: Screening) -> bool:
    """Whether so many of the newest whom the referrer brought have unfollowed since."""
    bounds = screening.churn
    others, gone = case.history.count_others(case.referral.person)
    return others >= bounds.people and gone * 100 >= bounds.left_percent * others


CHURN = ScreeningRule(
    name="churn",
    description=(
        "The person began to follow `follows` times or more; or `left_percent` of those whom the referrer brought, of at least"
        " `people`, have unfollowed again."
    ),
    scope="referrer",
    severity="medium",
    action=lambda screening: screening.churn.action,
    decide=_evaluate,
)
