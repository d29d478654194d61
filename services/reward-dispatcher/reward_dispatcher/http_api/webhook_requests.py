"""Request bodies and query parameters about webhooks. Unknown fields are errors."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from referral.events.value_checks import InvalidValue, legible
from referral.http.paging import PageQuery
from referral.mail import MAX_ADDRESS, ascii_address
from referral.validation.fields import UtcDateTime
from reward_dispatcher.delivery.messages import WEBHOOK_EVENT_TYPES
from reward_dispatcher.delivery_store import STATUSES
from reward_dispatcher.domain.webhook_url import MAX_URL

_ID = validate.Length(min=1, max=64)
_MAX_DESCRIPTION = 256
_URL = {"examples": ["https://example.com/hook"]}


def _legible(text: str) -> None:
    """Refuses control characters: answers quote the text."""
    try:
        legible(text)
    except InvalidValue as error:
        raise ValidationError(str(error)) from error


class ContactField(fields.Email):
    """An e-mail address, in ASCII."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = fields.Str._deserialize(self, value, *args, **kwargs)
        try:
            return ascii_address(legible(text))
        except InvalidValue as error:
            raise ValidationError(str(error)) from error


_EVENT = validate.OneOf(WEBHOOK_EVENT_TYPES)
_EVENTS = validate.Length(max=len(WEBHOOK_EVENT_TYPES))
_ALL_EVENTS = {"description": "empty: all of them"}
_CONTACT = {
    "description": "an e-mail address that warnings about this webhook are sent to; stored sealed, and never returned."
    " Its host may be in any script, the part before the @ in ASCII only",
    "examples": ["ops@example.com"],
}
_ADDRESS = validate.Length(max=MAX_ADDRESS)


class WebhookRequest(Schema):
    """The address that messages about a program are sent to."""

    program = fields.Str(required=True, validate=_ID)
    url = fields.Str(required=True, validate=validate.Length(1, MAX_URL), metadata=_URL)
    events = fields.List(fields.Str(validate=_EVENT), load_default=list, validate=_EVENTS, metadata=_ALL_EVENTS)
    description = fields.Str(load_default="", validate=[validate.Length(max=_MAX_DESCRIPTION), _legible])
    contact = ContactField(load_default=None, allow_none=True, validate=_ADDRESS, metadata=_CONTACT)


class WebhookChangeRequest(Schema):
    """What to change of a webhook; what is left out stays."""

    url = fields.Str(validate=validate.Length(1, MAX_URL), metadata=_URL)
    events = fields.List(fields.Str(validate=_EVENT), validate=_EVENTS, metadata=_ALL_EVENTS)
    description = fields.Str(validate=[validate.Length(max=_MAX_DESCRIPTION), _legible])
    contact = ContactField(allow_none=True, validate=_ADDRESS, metadata=_CONTACT)
    enabled = fields.Bool(
        metadata={"description": "false: nothing is sent; true: sent again, also after it was disabled"}
    )

    @validates_schema
    def check_any(self, data: dict[str, object], **_: object) -> None:
        """At least one field."""
        if not data:
            raise ValidationError("Send at least one of url, events, description, contact, enabled.", "enabled")


class WebhooksQuery(Schema):
    """The program of the webhooks."""

    program = fields.Str(required=True, validate=_ID)


class RotationRequest(Schema):
    """Whether a second rotation within a day may end the pair that receivers may still verify with."""

    end_former = fields.Bool(
        load_default=False,
        metadata={"description": "true: rotate although the last rotation is not a day old; its former pair ends now"},
    )


class TestMessageRequest(Schema):
    """The type of the message to send."""

    __test__ = False  # pytest collects classes by their names

    type = fields.Str(required=True, validate=validate.OneOf(WEBHOOK_EVENT_TYPES))


class DeliveriesQuery(PageQuery):
    """Which deliveries to list, and which page."""

    status = fields.Str(
        load_default=None, validate=validate.OneOf(STATUSES), metadata={"description": "all statuses without it"}
    )


class RecoverQuery(Schema):
    """From when on messages are sent again."""

    since = UtcDateTime(required=True, metadata={"description": "messages that were scheduled from then on"})


class ReplayMissingQuery(Schema):
    """From when on missed messages are sent."""

    since = UtcDateTime(load_default=None, metadata={"description": "without it: all that are still known, 30 days"})
