"""Request bodies that report shares: from a platform with an API key, and from a share page with its token."""

from typing import Any, get_args

from marshmallow import ValidationError, validates_schema

from link_issuer.domain.share_report import MAX_PRESSES
from link_issuer.http_api.request_body import invalid_body, load_body
from referral.events.facts import Channel
from referral.http.problems import Problem
from referral.validation.fields import choice, identifier, integer, person_id, text, utc_datetime
from referral.validation.mistakes import Mistake
from referral.validation.strict_schema import StrictSchema

_CONSEQUENCE = "The share was not recorded."

SHARE_EXAMPLE: dict[str, object] = {
    "program": "prg_glow",
    "person": "xhs:u42",
    "channel": "wechat",
    "content": "dry-skin-hacks",
    "cta": "tag",
    "code": "AMY88",
}
PRESS_EXAMPLE: dict[str, object] = {"token": "k9RjbGtf….mZ3t", "press": 1}


class ShareSchema(StrictSchema):
    """A share, as a platform reports it."""

    program = text("the program", 64, required=True)
    participant = text("whose share it is, by psn_… id; otherwise send `person`", 64)
    person = person_id("who shared, by the platform's id; also people who are not enrolled")
    channel = choice(get_args(Channel), "where it was shared")
    content = identifier("the content item", required=False)
    cta = identifier("the call to action of that content item", required=False)
    code = text("the code that was shared: the participant's, or any participant's that the person shared", 128)
    id = text("the sender's id of the share: the same id is the same share; send `occurred_at` with it", 64)
    occurred_at = utc_datetime("when it happened; now if left out")

    @validates_schema
    def _check_combination(self, data: dict[str, Any], **_: object) -> None:
        if ("participant" in data) == ("person" in data):
            raise ValidationError("send either `participant` or `person`: who shared", "person")
        if "id" in data and "occurred_at" not in data:
            raise ValidationError(
                "is missing: with `id` it is required, so that a repeated request is equal", "occurred_at"
            )


class PressSchema(StrictSchema):
    """A press of the share page's button."""

    token = text("the token returned by GET /s/{code}/ticket", 1024, required=True)
    press = integer(
        "the number of the press, from 1; the same press counts once, however often it is sent",
        1,
        MAX_PRESSES,
        required=True,
    )


def read_share() -> dict[str, Any]:
    """The share in the request's body. Raises Problem 422 with every mistake."""
    return load_body(ShareSchema(), _CONSEQUENCE)


def read_press() -> dict[str, Any]:
    """The press in the request's body. Raises Problem 422 with every mistake."""
    return load_body(PressSchema(), _CONSEQUENCE)


def invalid_share(*mistakes: Mistake) -> Problem:
    """422 for mistakes that only the catalog or the token shows."""
    return invalid_body(mistakes, _CONSEQUENCE)
