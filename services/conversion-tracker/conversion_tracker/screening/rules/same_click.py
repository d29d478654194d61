"""One opened link, many followers: a click token that was copied, or a link for one person that was passed on.

A click token identifies one opening of a link, so it belongs to one person. People do pass on the address of the page that a link
led to, token included; so the default is to hold for review.
"""

from conversion_tracker.screening.referrer_history import winning_click
from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> Observation | None:
    """Referrals by other evidence than a click never match."""
    click = winning_click(case.referral)
    if click is None:
        return None
    people = case.history.count_by_click(click, case.referral.person)
    return {"people": people} if people else None


SAME_CLICK = ScreeningRule(
    name="same_click",
    description="Another referee of the referrer came by the same click: one click token, several people.",
    scope="referrer",
    severity="high",
    action=lambda screening: screening.same_click,
    evaluate=_evaluate,
    observes={"people": "the referrer's other referees with this click that are remembered"},
)
