"""Response structs of bans."""

from msgspec import Struct

from conversion_tracker.bans.ban import Ban
from referral.events.facts import DecidingKey
from referral.events.timestamps import to_datetime
from referral.http.paging import Page
from referral.http.responses import Timestamp


class BanResponse(Struct):
    """A ban, or an unban: the person, who decided it, why, when, and with which API key."""

    person: str
    by: str
    note: str
    at: Timestamp
    api_key: DecidingKey


class BanPage(Page[BanResponse]):
    """A page of bans, the oldest first."""


def ban_response(person: str, ban: Ban) -> BanResponse:
    """Returns the response of a ban."""
    return BanResponse(person, ban.by, ban.note, to_datetime(ban.at), ban.api_key)
