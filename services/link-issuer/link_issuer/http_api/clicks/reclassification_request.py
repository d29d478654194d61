"""Request body that reclassifies clicks: one by its id, or all clicks of a code within a period."""

from datetime import timedelta
from typing import Any, get_args

from marshmallow import ValidationError, validates_schema

from link_issuer.http_api.request_body import invalid_body, load_body
from referral.events.facts import Visitor
from referral.http.problems import Problem
from referral.validation.fields import choice, text, utc_datetime
from referral.validation.mistakes import Mistake
from referral.validation.strict_schema import StrictSchema

MAX_DAYS = 31
EXAMPLE: dict[str, object] = {"click": "clk_7h2k9m4p6q8r1s3t", "visitor": "crawler", "note": "a monitor of the shop"}
_CONSEQUENCE = "No click was reclassified."


class ReclassificationSchema(StrictSchema):
    """Which clicks, and their class from now on."""

    click = text("the id of one click (`clk_…`); otherwise send `code`, `from` and `to`", 64)
    code = text("the code whose clicks between `from` and `to` are reclassified", 128)
    from_ = utc_datetime(
        "start (inclusive); for one click, where to start searching: 35 days back if left out", data_key="from"
    )
    to = utc_datetime(f"end (exclusive), at least one minute ago and at most {MAX_DAYS} days after `from`")
    was = choice(get_args(Visitor), "only clicks that were recorded as this class", required=False)
    visitor = choice(get_args(Visitor), "their class from now on")
    by = text("who reclassifies them; the API key's id if left out", 128)
    note = text("the reason", 512)

    @validates_schema
    def _check_selection(self, data: dict[str, Any], **_: object) -> None:
        if ("click" in data) == ("code" in data):
            raise ValidationError("send either `click` or `code`", "click")
        if "code" in data:
            _check_period(data)


def _check_period(data: dict[str, Any]) -> None:
    for name, key in (("from", "from_"), ("to", "to")):
        if key not in data:
            raise ValidationError("is missing: `code` needs both `from` and `to`", name)
    if not timedelta() < data["to"] - data["from_"] <= timedelta(days=MAX_DAYS):
        raise ValidationError(f"must be after `from`, by at most {MAX_DAYS} days", "to")


def read_reclassification() -> dict[str, Any]:
    """The reclassification that the request's body describes. Raises Problem 422 with every mistake."""
    return load_body(ReclassificationSchema(), _CONSEQUENCE)


def invalid_reclassification(mistake: Mistake) -> Problem:
    """422 for a mistake that only the log or the catalog shows."""
    return invalid_body([mistake], _CONSEQUENCE)
