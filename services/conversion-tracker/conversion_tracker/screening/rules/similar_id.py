"""Self-referral under an id that looks like one's own: another case, an accent, a Cyrillic letter, a dot more."""

from conversion_tracker.screening.id_skeleton import are_similar
from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> Observation | None:
    """An unknown referrer and an equal id are the business of the rule `self_referral`."""
    referrer, person = case.referrer_external_id, case.referral.person
    if referrer is None or referrer == person or not are_similar(referrer, person):
        return None
    return {"characters": _count_differences(referrer, person)}


def _count_differences(one: str, other: str) -> int:
    different = sum(mine != theirs for mine, theirs in zip(one, other, strict=False))
    return different + abs(len(one) - len(other))


SIMILAR_ID = ScreeningRule(
    name="similar_id",
    description="The referee's id differs from the referrer's only in case, accents, punctuation or look-alike characters.",
    scope="referral",
    severity="high",
    action=lambda screening: screening.similar_id,
    evaluate=_evaluate,
    observes={"characters": "how many characters of the two ids differ"},
)
