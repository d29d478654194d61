"""Request body that corrects what is stored about a person."""

import unicodedata
from typing import cast

from msgspec import Struct

from link_issuer.domain.participant_changes import ProfileChanges
from link_issuer.http_api.participants import person_fields
from link_issuer.http_api.participants.change_schema import ChangeSchema
from link_issuer.http_api.request_body import load_body
from referral.events.value_checks import InvalidValue, legible
from referral.validation.fields import boolean

CONSEQUENCE = "Nothing was corrected."
EXAMPLE: dict[str, object] = {"display_name": "Amy Chen", "handle": None, "public": False}
_MAX_HANDLE = 64


def normalize_handle(text: str) -> str:
    """A name at a platform: NFC, trimmed. Raises InvalidValue."""
    handle = unicodedata.normalize("NFC", legible(text)).strip()
    if not 0 < len(handle) <= _MAX_HANDLE:
        raise InvalidValue(f"must have 1 to {_MAX_HANDLE} characters; got {len(handle)}")
    return handle


class CorrectionSchema(ChangeSchema):
    """What is corrected; what is left out stays as it is. All but `handle` needs an enrolment."""

    handle = person_fields.CheckedText(
        normalize_handle,
        allow_none=True,
        metadata={
            "description": "the name at the platform, or null for none; the next event may report another",
            "maxLength": 64,
        },
    )
    display_name = person_fields.display_name("the name shown to friends")
    mention = person_fields.mention("their handle, such as @amy, or null for none; in effect after five seconds")
    contact = person_fields.contact(f"{person_fields.CONTACT}; null removes it")
    language = person_fields.language(f"{person_fields.LANGUAGE}, or null for none")
    consents = person_fields.consents("all that they agree to from now on; one that is left out is withdrawn")
    public = boolean(person_fields.PUBLIC)


class Correction(Struct, frozen=True):
    """What is corrected: of the profile, and the handle if `has_handle`."""

    profile: ProfileChanges
    has_handle: bool
    handle: str | None


def read_correction() -> Correction:
    """The correction in the request's body. Raises Problem 422 with every mistake."""
    body = load_body(CorrectionSchema(), CONSEQUENCE)
    profile = cast("ProfileChanges", {name: value for name, value in body.items() if name != "handle"})
    return Correction(profile, "handle" in body, body.get("handle"))
