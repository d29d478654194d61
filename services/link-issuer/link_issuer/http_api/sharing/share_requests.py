"""The bodies in which shares are reported: by a platform with a key, and by a share page with its token."""

from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from link_issuer.domain import text_validation
from link_issuer.domain.share_report import MOST_PRESSES
from link_issuer.http_api.participants.enrolment_request import Named
from link_issuer.http_api.request_body import invalid, json_body
from referral.events.facts import Channel
from referral.validation.fields import StrictSchema, choice, identifier, integer, text, utc_datetime
from referral.validation.mistakes import Mistake, mistakes_in


class ShareSchema(StrictSchema):
    """A share, as a platform reports it."""

    program = text("the program", 64, required=True)
    participant = text("whose share it is, by par_… id; else `person`", 64)
    person = Named(
        text_validation.external_id,
        metadata={
            "description": "who shared, by the platform's own id: also somebody who does not take part",
            "maxLength": 128,
        },
    )
    channel = choice(get_args(Channel), "where it was passed on")
    content = identifier("the content item", required=False)
    cta = identifier("the content item's call to action", required=False)
    code = text("the code that was passed on: the participant's, or whose it was that the person passed on", 128)
    id = text("the share's id at the sender: the same id is the same share; send `occurred_at` with it", 64)
    occurred_at = utc_datetime("when it happened; now when left out")

    @validates_schema
    def _whole(self, data: dict[str, Any], **_: object) -> None:
        if ("participant" in data) == ("person" in data):
            raise ValidationError("name one of `participant` and `person`: who shared", "person")
        if "id" in data and "occurred_at" not in data:
            raise ValidationError(
                "is missing: a share that is sent again has to be the same to the moment", "occurred_at"
            )


class PressSchema(StrictSchema):
    """What a share page reports."""

    token = text("what GET /s/{code}/ticket gave", 1024, required=True)
    press = integer(
        "which press of the button it is, from 1 on; the same press told twice counts once",
        1,
        MOST_PRESSES,
        required=True,
    )


class TicketAnswer(Schema):
    """What a share page may report shares with, for an hour."""

    token = fields.String(required=True)
    presses = fields.Integer(
        required=True, validate=validate.Equal(MOST_PRESSES), metadata={"description": "how often"}
    )


class PressAnswer(Schema):
    """A press of a share page's button that is on the log; who anybody is stays unsaid."""

    id = fields.String(required=True)
    occurred_at = fields.AwareDateTime(required=True)


class ShareAnswer(Schema):
    """A share that is on the log."""

    id = fields.String(required=True)
    program = fields.String(required=True)
    person = fields.String(required=True)
    channel = fields.String(required=True)
    participant = fields.String(required=True, allow_none=True)
    content = fields.String(required=True, allow_none=True)
    cta = fields.String(required=True, allow_none=True)
    code = fields.String(required=True, allow_none=True)
    occurred_at = fields.AwareDateTime(required=True)


SHARE: dict[str, object] = {
    "program": "prg_glow",
    "person": "xhs:u42",
    "channel": "wechat",
    "content": "dry-skin-hacks",
    "cta": "tag",
    "code": "AMY88",
}
PRESS: dict[str, object] = {"token": "k9RjbGtf….mZ3t", "press": 1}


def loaded(schema: Schema) -> dict[str, Any]:
    """What a body holds. Raises Problem 422 with every mistake."""
    try:
        found: dict[str, Any] = schema.load(json_body())  # type: ignore[arg-type] # load refuses what is no mapping
    except ValidationError as error:
        raise refused(sorted(mistakes_in(error.messages))) from error
    return found


def refused(found: list[Mistake]) -> Exception:
    """422: nothing was recorded."""
    return invalid(found, "The share was not recorded; `errors` names each place.")
