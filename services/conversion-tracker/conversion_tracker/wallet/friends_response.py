"""Response structs of a referrer's friends."""

from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct

from conversion_tracker.screening.conversion import APPEALABLE, Conversion, status_of
from conversion_tracker.wallet.name_hint import name_hint
from referral.events.screening import ScreeningReason
from referral.events.timestamps import to_datetime
from referral.http.responses import Timestamp
from referral.people.people_view import People

FriendState = Literal["counts", "checking", "rejected"]


class FriendResponse(Struct):
    """A friend, as the person who brought them may see them."""

    id: Annotated[str, Meta(description="the conversion", examples=["cnv_0123456789abcdef"])]
    name: Annotated[str | None, Meta(description="the first letter of their name, if one is known", examples=["B…"])]
    since: Annotated[Timestamp, Meta(description="when the referral qualified")]
    state: FriendState
    reasons: Annotated[list[ScreeningReason], Meta(description="why they do not count, or not yet")]
    appealed: Annotated[bool, Meta(description="whether an appeal waits for a review")]
    may_appeal: bool


class FriendsResponse(Struct):
    """The newest friends whose referral is valid, and how many there are."""

    items: list[FriendResponse]
    total: int


def friends_response(conversions: list[Conversion], total: int, people: People) -> FriendsResponse:
    """Returns the response of a referrer's conversions; `people` must not wait."""
    ids = [one.person for one in conversions]
    persons, profiles = people.people_by_id(ids), people.profiles_by_id(ids)
    items = [
        _friend_response(one, name_hint(persons[one.person], profiles[one.person]))
        for one in conversions
        if one.published is not None
    ]
    return FriendsResponse(items, total)


def may_appeal(conversion: Conversion) -> bool:
    """Whether the referrer can ask for another look: once, if it does not count, and not while they are banned."""
    reasons = conversion.published.reasons if conversion.published else ()
    appealable = conversion.active and status_of(conversion.published) in APPEALABLE
    return appealable and conversion.appeal is None and "ban" not in reasons


def _friend_response(conversion: Conversion, name: str | None) -> FriendResponse:
    return FriendResponse(
        id=conversion.id,
        name=name,
        since=to_datetime(conversion.at),
        state=_state(conversion),
        reasons=list(conversion.published.reasons) if conversion.published else [],
        appealed=conversion.waits_for_appeal,
        may_appeal=may_appeal(conversion),
    )


def _state(conversion: Conversion) -> FriendState:
    status = status_of(conversion.published)
    match status:
        case "cleared":
            return "counts"
        case "held":
            return "checking"
        case "rejected" | "reversed":
            return "rejected"
        case _:
            assert_never(status)
