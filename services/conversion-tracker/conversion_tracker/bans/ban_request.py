"""Request body of a ban."""

from conversion_tracker.screening.review_request import DecisionRequest
from referral.validation.fields import any_person_id


class BanRequest(DecisionRequest):
    """The person to ban, who decides it, and why."""

    person = any_person_id("a person, enrolled or not: the platform's id, such as xhs:amy, or the person id")
