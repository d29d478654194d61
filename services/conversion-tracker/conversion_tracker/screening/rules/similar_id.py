"""Self-referral under an id that looks like one's own: another case, an accent, a Cyrillic letter, a dot more.

The log has a keyed hash of the form in which look-alikes are equal (referral.people.id_skeleton), so that hashes are compared.
"""

from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import Screening


def _evaluate(case: ScreeningCase, _: Screening) -> Observation | None:
    """An unknown referrer and the same person are the business of the rule `self_referral`."""
    referral, referrer = case.referral, case.referrer
    if referrer is None or referrer.id == referral.person or referral.look_alike is None:
        return None
    return {} if referrer.look_alike == referral.look_alike else None


SIMILAR_ID = ScreeningRule(
    name="similar_id",
    description="The referee's id differs from the referrer's only in case, accents, punctuation or look-alike characters.",
    scope="referral",
    severity="high",
    action=lambda screening: screening.similar_id,
    evaluate=_evaluate,
)
