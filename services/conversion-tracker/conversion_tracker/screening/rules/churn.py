"""Followers who come and go: a person who follows again and again, or a referrer whose referees leave once they have counted."""

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, screening: Screening) -> bool:
    return case.referral.spells >= screening.churn.follows or _left_percent(case, screening)


def _left_percent(case: ScreeningCase, screening: Screening) -> bool:
    """Whether too many of the referrer's newest referees have unfollowed since."""
    bounds = screening.churn
    others, gone = case.history.count_others(case.referral.person)
    return others >= bounds.people and gone * 100 >= bounds.left_percent * others


CHURN = ScreeningRule(
    name="churn",
    description=(
        "The person began to follow `follows` times or more; or `left_percent` of the referrer's referees, of at least"
        " `people`, have unfollowed again."
    ),
    scope="referrer",
    severity="medium",
    action=lambda screening: screening.churn.action,
    decide=_evaluate,
)
