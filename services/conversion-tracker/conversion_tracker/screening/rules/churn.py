"""Followers who come and go: a person who follows again and again, or a referrer with many referees who left after counting."""

from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, screening: Screening) -> Observation | None:
    thresholds = screening.churn
    if case.referral.spells >= thresholds.follows:
        return {"follows": case.referral.spells, "limit": thresholds.follows}
    if case.history.size < thresholds.people:
        return None
    others, left = case.history.count_others(case.referral.person)
    if others >= thresholds.people and left * 100 >= thresholds.left_percent * others:
        return {"people": others, "left": left, "limit_percent": thresholds.left_percent}
    return None


CHURN = ScreeningRule(
    name="churn",
    description=(
        "The person began to follow `follows` times or more; or `left_percent` of the referrer's referees, of at least"
        " `people`, have unfollowed again."
    ),
    scope="referrer",
    severity="medium",
    action=lambda screening: screening.churn.action,
    evaluate=_evaluate,
    observes={
        "follows": "how many times the person began to follow",
        "limit": "`follows` of the program",
        "people": "other referees of the referrer that are remembered",
        "left": "how many of them have unfollowed",
        "limit_percent": "`left_percent` of the program",
    },
)
