"""Request bodies that enrol people: one person, or a list of up to 1,000."""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from link_issuer.domain import text_validation
from link_issuer.domain.enrolment import Enrolment, duplicate_mistakes
from link_issuer.http_api.request_body import invalid_body, json_body
from referral.events.value_checks import InvalidValue
from referral.json_pointer import json_pointer
from referral.validation.fields import BoundedList, identifier, person_id, utc_datetime
from referral.validation.mistakes import Mistake, mistakes_in
from referral.validation.strict_schema import StrictSchema

MAX_ENROLMENTS = 1000
_CONSEQUENCE = "No one was enrolled."

ONE_EXAMPLE: dict[str, object] = {"external_id": "xhs:u42", "display_name": "Amy", "mention": "@amy"}
MANY_EXAMPLE = {"participants": [ONE_EXAMPLE, {"external_id": "xhs:u43", "display_name": "李雷"}]}
PARTNER_EXAMPLE: dict[str, object] = {"partner": "kol_lin", "external_id": "weibo:lin", "mention": "@lin"}


class CheckedText(fields.String):
    """A text that a function of `domain.text_validation` validates and normalizes."""

    def __init__(self, check: Callable[[str], str], **more: Any) -> None:
        super().__init__(**more)
        self._check = check

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return self._check(super()._deserialize(value, attr, data, **kwargs))
        except InvalidValue as error:
            raise ValidationError(str(error)) from error


class EnrolmentSchema(StrictSchema):
    """One person to enrol."""

    external_id = person_id(
        "the platform's id of the person, such as xhs:u42; for a partner optional: partner:ID if left out"
    )
    display_name = CheckedText(
        text_validation.normalize_display_name,
        metadata={"description": "the name shown to friends, up to 64 characters; the code if left out"},
    )
    mention = CheckedText(
        text_validation.normalize_mention,
        allow_none=True,
        metadata={"description": "their handle, such as @amy, if friends may mention it instead of the code"},
    )
    device = CheckedText(
        text_validation.validate_device_hash,
        allow_none=True,
        metadata={
            "description": "a hash of their device, as in events: a follower with the same device counts as themselves",
            "maxLength": 128,
        },
    )
    since = utc_datetime(
        "since when code and mention count, if they were used before the enrolment, at most REFERRAL_LATENESS_DAYS ago; scope admin"
    )
    partner = identifier(
        "which of the program's `partners` they are, such as kol_lin; left out for a follower", required=False
    )

    @validates_schema
    def _require_id(self, data: dict[str, Any], **_: object) -> None:
        if "external_id" not in data and "partner" not in data:
            raise ValidationError("Missing data for required field.", "external_id")

    @post_load
    def _add_partner_id(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        return {"external_id": f"partner:{data['partner']}", **data} if "partner" in data else data


class EnrolmentsSchema(StrictSchema):
    """Several people to enrol."""

    participants = BoundedList(
        fields.Nested(EnrolmentSchema),
        required=True,
        validate=[validate.Length(1, MAX_ENROLMENTS)],
        metadata={"maxItems": MAX_ENROLMENTS},
    )


def read_enrolments() -> tuple[list[Enrolment], bool]:
    """The enrolments in the request's body, and whether they were sent as a list. Raises Problem."""
    body = json_body()
    if isinstance(body, list):
        return _load({"participants": body}, "/participants"), True
    if isinstance(body, Mapping) and "participants" in body:
        return _load(body, ""), True
    return _load({"participants": [body]}, "/participants/0"), False


def _load(body: Mapping[str, object], wrapper: str) -> list[Enrolment]:
    """The enrolments of a body; `wrapper` is the pointer of what was sent, which pointers in mistakes leave out."""
    try:
        items: list[dict[str, Any]] = EnrolmentsSchema().load(body)["participants"]
    except ValidationError as error:
        found = sorted(mistakes_in(error.messages))
        mistakes = [Mistake(one.pointer.removeprefix(wrapper), one.detail) for one in found]
        raise invalid_body(mistakes, _CONSEQUENCE) from error
    pointers = [json_pointer("participants", index).removeprefix(wrapper) for index in range(len(items))]
    enrolments = [Enrolment(**item, pointer=pointer) for item, pointer in zip(items, pointers, strict=True)]
    if mistakes := list(duplicate_mistakes(enrolments)):
        raise invalid_body(mistakes, _CONSEQUENCE)
    return enrolments
