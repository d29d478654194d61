"""Request bodies and queries of reviews."""

from marshmallow import Schema, ValidationError, fields, validate

from conversion_tracker.screening.conversion import CONVERSION_STATUSES
from referral.http.paging import PageQuery

_MAX_BY_LENGTH, _MAX_NOTE_LENGTH = 128, 512


def not_blank(text: str) -> None:
    """Raises ValidationError for blank text."""
    if not text.strip():
        raise ValidationError("Must not be blank.")


_BY = {"description": "who decided: a name or an address that colleagues know", "examples": ["lin@glow.example"]}
_NOTE = {"description": "why, for later readers", "examples": ["they are sisters, I asked"]}


class DecisionRequest(Schema):
    """The person who decides, and why."""

    by = fields.Str(required=True, validate=[validate.Length(1, _MAX_BY_LENGTH), not_blank], metadata=_BY)
    note = fields.Str(load_default="", validate=validate.Length(max=_MAX_NOTE_LENGTH), metadata=_NOTE)


class ConversionsQuery(PageQuery):
    """Which conversions to list."""

    status = fields.Str(
        load_default="held",
        validate=validate.OneOf([*CONVERSION_STATUSES, "appealed"]),
        metadata={
            "description": "`held` waits for a review; `appealed`: the referrer asked for another look, the longest wait first;"
            " `reversed`: the referral is no longer valid"
        },
    )
