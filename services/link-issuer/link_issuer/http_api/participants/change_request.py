"""Request body that changes a participant."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from link_issuer.domain import text_validation
from link_issuer.http_api.participants.enrolment_request import CheckedText
from link_issuer.http_api.request_body import load_body
from referral.validation.strict_schema import StrictSchema

CONSEQUENCE = "The participant was not changed."
CHANGE_EXAMPLE: dict[str, object] = {"display_name": "Amy Chen", "mention": "@amychen"}


class ParticipantChangeSchema(StrictSchema):
    """What changes; what is left out stays as it is."""

    display_name = CheckedText(
        text_validation.normalize_display_name,
        metadata={"description": "the name shown to friends; in effect at once", "maxLength": 64},
    )
    mention = CheckedText(
        text_validation.normalize_mention,
        allow_none=True,
        metadata={
            "description": "their handle, such as @amy, or null for none; in effect after five seconds",
            "maxLength": 65,
        },
    )
    device = CheckedText(
        text_validation.validate_device_hash,
        allow_none=True,
        metadata={
            "description": "a hash of their device, or null for none; in effect after five seconds",
            "maxLength": 128,
        },
    )

    @validates_schema
    def _require_change(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("must contain at least one of display_name, mention, device")


def read_changes() -> dict[str, str | None]:
    """The changes in the request's body. Raises Problem 422 with every mistake."""
    return load_body(ParticipantChangeSchema(), CONSEQUENCE)
