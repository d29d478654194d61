"""Request body that changes a participant."""

from typing import cast

from msgspec import Struct

from link_issuer.domain.participant_changes import ProfileChanges
from link_issuer.http_api.participants import person_fields
from link_issuer.http_api.participants.change_schema import ChangeSchema
from link_issuer.http_api.request_body import load_body
from referral.validation.fields import boolean

CONSEQUENCE = "The participant was not changed."
CHANGE_EXAMPLE: dict[str, object] = {"display_name": "Amy Chen", "mention": "@amychen", "public": True}


class ParticipantChangeSchema(ChangeSchema):
    """What changes; what is left out stays as it is."""

    display_name = person_fields.display_name("the name shown to friends; in effect at once")
    mention = person_fields.mention("their handle, such as @amy, or null for none; in effect after five seconds")
    device = person_fields.device("a hash of their device, or null for none; in effect after five seconds")
    contact = person_fields.contact(f"{person_fields.CONTACT}; null removes it")
    language = person_fields.language(f"{person_fields.LANGUAGE}, or null for none")
    consents = person_fields.consents("all that they agree to from now on; one that is left out is withdrawn")
    public = boolean(person_fields.PUBLIC)


class ParticipantChanges(Struct, frozen=True):
    """What changes: of the profile, and the hash of the device if `has_device`."""

    profile: ProfileChanges
    has_device: bool = False
    device: str | None = None


def read_changes() -> ParticipantChanges:
    """The changes in the request's body. Raises Problem 422 with every mistake."""
    body = load_body(ParticipantChangeSchema(), CONSEQUENCE)
    profile = cast("ProfileChanges", {name: value for name, value in body.items() if name != "device"})
    return ParticipantChanges(profile, "device" in body, body.get("device"))
