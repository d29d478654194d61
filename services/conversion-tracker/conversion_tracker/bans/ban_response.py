"""Response structs of bans."""

from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.bans.ban import Ban
from conversion_tracker.named_person import named_person, note_text
from referral.events.facts import DecidingKey
from referral.events.timestamps import to_datetime
from referral.http.paging import Page
from referral.http.responses import Timestamp
from referral.people.people_view import People


class BanResponse(Struct):
    """A ban, or an unban: the person, who decided it, why, when, and with which API key."""

    person: Annotated[str, Meta(description="their person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[str | None, Meta(description="the platform's own id; null after an erasure")]
    by: str
    note: Annotated[str | None, Meta(description="null once the person was erased")]
    at: Timestamp
    api_key: DecidingKey


class BanPage(Page[BanResponse]):
    """A page of bans, the oldest first."""


def ban_response(person: str, ban: Ban, people: People) -> BanResponse:
    """Returns the response of a ban."""
    note = note_text(person, ban.note, people)
    external_id = named_person(person, people).external_id
    return BanResponse(person, external_id, ban.by, note, to_datetime(ban.at), ban.api_key)
