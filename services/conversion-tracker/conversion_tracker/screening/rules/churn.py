"""Followers who come and go: one who follows again and again, or a referrer whose people do not stay once they have counted."""

from conversion_tracker.screening.rule import Case, Rule
from referral.events.screening import Screening


def _decide(case: Case, screening: Screening) -> bool:
    return case.referral.spells >= screening.churn.follows or _mostly_left(case, screening)


def _mostly_left(case: Case, screening: Screening) -> bool:
    """Whether so many of the newest whom the referrer brought have unfollowed since."""
    bounds = screening.churn
    others, gone = case.known.others(case.referral.person)
    return others >= bounds.people and gone * 100 >= bounds.left_percent * others


CHURN = Rule(
    name="churn",
    description=(
        "The person began to follow `follows` times or more; or `left_percent` of those whom the referrer brought, of at least"
        " `people`, have unfollowed again."
    ),
    scope="referrer",
    severity="medium",
    action=lambda screening: screening.churn.action,
    decide=_decide,
)
