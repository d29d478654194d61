"""What every request has that changes a person's details: at least one of them."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from referral.validation.strict_schema import StrictSchema


class ChangeSchema(StrictSchema):
    """The body of a change; what is left out stays as it is."""

    @validates_schema
    def _require_change(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError(f"must contain at least one of {', '.join(self.fields)}")
