"""Request body of a ban."""

from conversion_tracker.screening.review_request import DecisionRequest
from referral.validation.fields import person_id


class BanRequest(DecisionRequest):
    """The person to ban, who decides it, and why."""

    person = person_id("the platform's id of a person, such as xhs:amy, enrolled or not", required=True)
