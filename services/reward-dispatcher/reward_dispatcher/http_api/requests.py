"""Request bodies and query parameters of this API. Unknown fields are errors."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from referral.events.normal_forms import normalize_code
from reward_dispatcher.delivery.messages import WEBHOOK_EVENT_TYPES
from reward_dispatcher.domain.uploaded_codes import MAX_CODE
from reward_dispatcher.domain.webhook_url import MAX_URL

MAX_CODES_PER_UPLOAD = 1000
_ID = validate.Length(min=1, max=64)
_MAX_TYPED_CODE = 256  # with white space and punctuation around it, which do not count
_WHICH_PROGRAM = {"description": "needed only if two programs have the same code"}


def _typed_code(code: str) -> None:
    """Refuses a text without a code."""
    if not 1 <= len(code) <= _MAX_TYPED_CODE or not 1 <= len(normalize_code(code)) <= MAX_CODE:
        raise ValidationError(f"must be a code of 1 to {MAX_CODE} characters")


class RedemptionRequest(Schema):
    """The reward to use, by its code or its id, and the order it is used for."""

    code = fields.Str(
        validate=_typed_code,
        metadata={"description": "in any case; white space, quotes and punctuation around it do not count"},
    )
    reward_id = fields.Str(validate=_ID)
    order_id = fields.Str(required=True, validate=_ID, metadata={"description": "the shop's own id of the order"})
    program = fields.Str(validate=_ID, metadata=_WHICH_PROGRAM)

    @validates_schema
    def check_one_of_both(self, data: dict[str, object], **_: object) -> None:
        """Exactly one of code and reward_id."""
        if ("code" in data) == ("reward_id" in data):
            raise ValidationError("Send either code or reward_id.", "code")


class CodeQuery(Schema):
    """The program of the code."""

    program = fields.Str(validate=_ID, metadata=_WHICH_PROGRAM)


class PoolUploadRequest(Schema):
    """Codes for a pool, one for each line. They are issued in this order."""

    codes = fields.List(fields.Str(), required=True, validate=validate.Length(1, MAX_CODES_PER_UPLOAD))


class WebhookRequest(Schema):
    """The address that reward events of a program are sent to."""

    program = fields.Str(required=True, validate=_ID)
    url = fields.Str(
        required=True, validate=validate.Length(1, MAX_URL), metadata={"examples": ["https://example.com/hook"]}
    )
    events = fields.List(
        fields.Str(validate=validate.OneOf(WEBHOOK_EVENT_TYPES)),
        load_default=list,
        validate=validate.Length(max=len(WEBHOOK_EVENT_TYPES)),
        metadata={"description": "empty: all of them"},
    )


class WebhooksQuery(Schema):
    """The program of the webhooks."""

    program = fields.Str(required=True, validate=_ID)
