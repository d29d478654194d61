"""Request body of a ban."""

from marshmallow import fields, validate

from conversion_tracker.screening.review_request import DecisionRequest, not_blank, valid_text

_MAX_PERSON_LENGTH = 128


class BanRequest(DecisionRequest):
    """The person to ban, who decides it, and why."""

    person = fields.Str(
        required=True,
        validate=[validate.Length(1, _MAX_PERSON_LENGTH), not_blank, valid_text],
        metadata={"description": "the platform's id of a person, enrolled or not", "examples": ["xhs:amy"]},
    )
