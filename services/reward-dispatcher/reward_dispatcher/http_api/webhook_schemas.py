"""The webhook resources: strict on the way in, documented on the way out."""

from marshmallow import Schema, fields, validate

from reward_dispatcher.delivery.messages import NOTIFIABLE_TYPES
from reward_dispatcher.http_api.schemas import ID


class WebhookIn(Schema):
    """Where reward events of a program are to be sent."""

    program = fields.Str(required=True, validate=ID)
    url = fields.Str(
        required=True, validate=validate.Length(max=512), metadata={"examples": ["https://example.com/hook"]}
    )
    events = fields.List(
        fields.Str(validate=validate.OneOf(NOTIFIABLE_TYPES)),
        load_default=list,
        metadata={"description": "empty means all"},
    )


class WebhookShown(Schema):
    """A webhook."""

    id = fields.Str()
    program = fields.Str()
    url = fields.Str()
    events = fields.List(fields.Str())


class WebhookOut(WebhookShown):
    """A webhook just made; its secret is shown this once."""

    secret = fields.Str(metadata={"description": "whsec_…, for checking signatures (standardwebhooks.com)"})


class WebhooksQuery(Schema):
    """Whose webhooks."""

    program = fields.Str(required=True, validate=ID)


class WebhooksOut(Schema):
    """A program's webhooks."""

    items = fields.List(fields.Nested(WebhookShown))
    next_cursor = fields.Str(allow_none=True)
