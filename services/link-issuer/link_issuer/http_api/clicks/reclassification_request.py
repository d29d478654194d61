"""The body in which clicks are reclassed: one by its id, or all of a code within a time."""

from datetime import timedelta
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, validates_schema

from link_issuer.http_api.request_body import invalid, json_body
from referral.events.facts import Visitor
from referral.validation.fields import StrictSchema, UtcDateTime, choice, text, utc_datetime
from referral.validation.mistakes import Mistake, mistakes_in

MOST_DAYS = 31
MOST_CLICKS = 10_000
LOOK_BACK = timedelta(days=35)


class ReclassSchema(StrictSchema):
    """Which clicks, and what they were."""

    click = text("the id of one click (`clk_…`); else `code` with `from` and `to`", 64)
    code = text("the code whose clicks are meant, within `from` and `to`", 128)
    from_ = UtcDateTime(
        data_key="from",
        metadata={
            "description": "the first moment that is meant; for one click, from when to look: 35 days back if left out"
        },
    )
    to = utc_datetime(
        f"the first moment that is no longer meant, {MOST_DAYS} days after `from` at most, a minute past at least"
    )
    was = choice(get_args(Visitor), "only those that were recorded as this", required=False)
    visitor = choice(get_args(Visitor), "what they are from now on")
    by = text("who found it; the API key's id when left out", 128)
    note = text("why", 512)

    @validates_schema
    def _whole(self, data: dict[str, Any], **_: object) -> None:
        if ("click" in data) == ("code" in data):
            raise ValidationError("name one of `click` and `code`", "click")
        if "code" in data:
            _check_span(data)


def _check_span(data: dict[str, Any]) -> None:
    for name, key in (("from", "from_"), ("to", "to")):
        if key not in data:
            raise ValidationError("is missing: say from when to when the code's clicks are meant", name)
    if not timedelta() < data["to"] - data["from_"] <= timedelta(days=MOST_DAYS):
        raise ValidationError(f"is not within {MOST_DAYS} days after `from`", "to")


class ReclassAnswer(Schema):
    """What was reclassed."""

    reclassed = fields.Integer(
        required=True, metadata={"description": "how many clicks were found, and said to be this"}
    )
    visitor = fields.String(required=True)
    returned = fields.Integer(
        required=True,
        metadata={"description": "by how much places of bounded links became free (negative: were taken again)"},
    )


RECLASS: dict[str, object] = {"click": "clk_7h2k9m4p6q8r1s3t", "visitor": "crawler", "note": "a monitor of the shop"}


def wish() -> dict[str, Any]:
    """What is asked for. Raises Problem 422 with every mistake."""
    try:
        found: dict[str, Any] = ReclassSchema().load(json_body())  # type: ignore[arg-type] # load refuses what is no mapping
    except ValidationError as error:
        raise refused(sorted(mistakes_in(error.messages))) from error
    return found


def refused(found: list[Mistake]) -> Exception:
    """422: nothing was changed."""
    return invalid(found, "No click was reclassed; `errors` names each place.")
