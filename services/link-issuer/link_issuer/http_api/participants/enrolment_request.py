"""The body of an enrolment: one person, or a list of up to 1,000; every mistake in one answer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from link_issuer.domain import text_validation
from link_issuer.domain.enrolment import Enrolment, contradictions
from link_issuer.http_api.request_body import invalid, json_body
from referral.events.value_checks import InvalidValue
from referral.http.problems import Problem
from referral.validation.fields import StrictSchema, identifier
from referral.validation.mistakes import Mistake, json_pointer, mistakes_in

MOST = 1000


class Named(fields.String):
    """A text that one of the rules in `domain.names` lets in, as that rule keeps it."""

    def __init__(self, rule: Callable[[str], str], **more: Any) -> None:
        super().__init__(**more)
        self._rule = rule

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return self._rule(super()._deserialize(value, attr, data, **kwargs))
        except InvalidValue as error:
            raise ValidationError(str(error)) from error


class EnrolmentSchema(StrictSchema):
    """Whom to enrol."""

    external_id = Named(
        text_validation.external_id,
        metadata={
            "description": "the platform's own id of the person, such as xhs:u42; only a partner may go without, and is"
            " partner:ID then",
            "maxLength": 128,
        },
    )
    display_name = Named(
        text_validation.display_name,
        metadata={"description": "what people call them, up to 64 characters; left out, people see the code"},
    )
    mention = Named(
        text_validation.mention,
        allow_none=True,
        metadata={"description": "their handle, such as @amy, where a mention refers too"},
    )
    device = Named(
        text_validation.device,
        allow_none=True,
        metadata={
            "description": "a hash of their device, as events have it: who follows on it is not somebody else",
            "maxLength": 128,
        },
    )
    partner = identifier(
        "which of the program's `partners` they are, such as kol_lin; left out for a follower", required=False
    )

    @validates_schema
    def _named(self, data: dict[str, Any], **_: object) -> None:
        if "external_id" not in data and "partner" not in data:
            raise ValidationError("Missing data for required field.", "external_id")

    @post_load
    def _partners_id(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        return {"external_id": f"partner:{data['partner']}", **data} if "partner" in data else data


class EnrolmentsSchema(StrictSchema):
    """Whom to enrol, many at once."""

    participants = fields.List(fields.Nested(EnrolmentSchema), required=True, validate=validate.Length(1, MOST))


def enrolments() -> tuple[list[Enrolment], bool]:
    """Who is to be enrolled, and whether they came as a list. Raises Problem."""
    body = json_body()
    if isinstance(body, list):
        return _load({"participants": body}, "/participants"), True
    if isinstance(body, Mapping) and "participants" in body:
        return _load(body, ""), True
    return _load({"participants": [body]}, "/participants/0"), False


def _load(body: Mapping[str, object], wrapping: str) -> list[Enrolment]:
    """The enrolments of a list; `wrapping` is what we put around what was sent, so that pointers leave it out."""
    try:
        items: list[dict[str, Any]] = EnrolmentsSchema().load(body)["participants"]
    except ValidationError as error:
        mistakes = [
            Mistake(one.pointer.removeprefix(wrapping), one.detail) for one in sorted(mistakes_in(error.messages))
        ]
        raise _refused(mistakes) from error
    places = [json_pointer("participants", index).removeprefix(wrapping) for index in range(len(items))]
    asked = [Enrolment(**item, place=place) for item, place in zip(items, places, strict=True)]
    if mistakes := list(contradictions(asked)):
        raise _refused(mistakes)
    return asked


def _refused(mistakes: Sequence[Mistake]) -> Problem:
    return invalid(mistakes, "Nobody was enrolled; `errors` names each place.")
