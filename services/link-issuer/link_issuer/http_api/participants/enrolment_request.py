"""Request bodies that enrol people: one person, or a list of up to 1,000."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from link_issuer.domain.enrolment import Enrolment, contact_mistakes, duplicate_mistakes
from link_issuer.http_api.participants import person_fields
from link_issuer.http_api.participants.enrolment_decoding import decode_enrolments
from link_issuer.http_api.request_body import invalid_body, json_body
from referral.validation.fields import BoundedList, boolean, identifier, person_id, utc_datetime
from referral.validation.mistakes import Mistake, mistakes_in
from referral.validation.strict_schema import StrictSchema

MAX_ENROLMENTS = 1000
_CONSEQUENCE = "No one was enrolled."

ONE_EXAMPLE: dict[str, object] = {"external_id": "xhs:u42", "display_name": "Amy", "mention": "@amy"}
MANY_EXAMPLE = {"participants": [ONE_EXAMPLE, {"external_id": "xhs:u43", "display_name": "李雷", "public": False}]}
PARTNER_EXAMPLE: dict[str, object] = {"partner": "kol_lin", "external_id": "weibo:lin", "mention": "@lin"}


class EnrolmentSchema(StrictSchema):
    """One person to enrol."""

    external_id = person_id(
        "the platform's id of the person, such as xhs:u42; for a partner optional: partner:ID if left out"
    )
    display_name = person_fields.display_name("the name shown to friends, up to 64 characters; the code if left out")
    mention = person_fields.mention("their handle, such as @amy, if friends may mention it instead of the code")
    device = person_fields.device(
        "a hash of their device, as in events: a follower with the same device counts as themselves"
    )
    contact = person_fields.contact(person_fields.CONTACT)
    language = person_fields.language(person_fields.LANGUAGE)
    consents = person_fields.consents(person_fields.CONSENTS)
    public = boolean(f"{person_fields.PUBLIC}; true if left out")
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


@dataclass(frozen=True, slots=True)
class EnrolmentsRequest:
    """The enrolments of a request body. `place` is the JSON pointer of the list; None for a body that is one enrolment."""

    enrolments: Sequence[Enrolment]
    place: str | None

    @property
    def is_batch(self) -> bool:
        """Whether they were sent as a list."""
        return self.place is not None

    def pointer(self, index: int) -> str:
        """The JSON pointer of an enrolment."""
        return "" if self.place is None else f"{self.place}/{index}"


def read_enrolments() -> EnrolmentsRequest:
    """The enrolments in the request's body. Raises Problem."""
    decoded = decode_enrolments(request.get_data()) if request.is_json else None
    found = EnrolmentsRequest(*decoded) if decoded else _read_by_schema(json_body())
    mistakes = [
        *duplicate_mistakes(found.enrolments, found.pointer),
        *contact_mistakes(found.enrolments, found.pointer),
    ]
    if mistakes:
        raise invalid_body(sorted(mistakes), _CONSEQUENCE)
    return found


def _read_by_schema(body: object) -> EnrolmentsRequest:
    """The enrolments of a body. Raises Problem with all mistakes."""
    if isinstance(body, list):
        return EnrolmentsRequest(_load({"participants": body}, "/participants"), "")
    if isinstance(body, Mapping) and "participants" in body:
        return EnrolmentsRequest(_load(body, ""), "/participants")
    return EnrolmentsRequest(_load({"participants": [body]}, "/participants/0"), None)


def _load(body: Mapping[str, object], wrapper: str) -> list[Enrolment]:
    """The enrolments of a body; `wrapper` is the pointer of what was sent, which pointers in mistakes leave out."""
    try:
        items: list[dict[str, Any]] = EnrolmentsSchema().load(body)["participants"]
    except ValidationError as error:
        found = sorted(mistakes_in(error.messages))
        mistakes = [Mistake(one.pointer.removeprefix(wrapper), one.detail) for one in found]
        raise invalid_body(mistakes, _CONSEQUENCE) from error
    return [Enrolment(**_with_tuple(item)) for item in items]


def _with_tuple(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "consents": tuple(item["consents"])} if "consents" in item else item
