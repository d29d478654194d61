"""Response bodies of this API."""

from datetime import datetime
from typing import Annotated, Literal, TypedDict

from msgspec import Meta, Struct

from leaderboard.domain.periods import Window
from leaderboard.http_api.requests import KIND_DESCRIPTION
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.timestamps import to_datetime
from referral.http.responses import Timestamp
from referral.people.known_people import KnownPerson

Relation = Literal["self", "brought_me", "brought_by_me"]
_Participant = Annotated[str, Meta(description="Their person id.", examples=["psn_3v8k2m9q4t6w1x7z"])]
_ExternalId = Annotated[
    str | None, Meta(description="The platform's own id; null once they are erased.", examples=["xhs:amy"])
]
_DisplayName = Annotated[str | None, Meta(description="The name that they have given; null once they are erased.")]
_Public = Annotated[
    bool, Meta(description='Whether pages that anyone can open show the name; if not, they show "A promoter".')
]
_AsOf = Annotated[Timestamp | None, Meta(description="The time that `at` asked for; null for the board as it is now.")]
_Total = Annotated[int, Meta(description="Number of entries of the whole board.")]


class NameFields(TypedDict):
    """The fields that tell who a participant is."""

    external_id: str | None
    display_name: str | None
    public: bool


class PeriodFields(TypedDict):
    """The fields of a PeriodResponse."""

    program: str
    period: str
    starts_at: datetime | None
    ends_at: datetime | None


class PeriodResponse(Struct, kw_only=True):
    """A period of a program, by name and by its boundaries."""

    program: str
    period: Annotated[str, Meta(description="Its name.", examples=["2026-11"])]
    starts_at: Annotated[Timestamp | None, Meta(description="Null for all time.")]
    ends_at: Annotated[Timestamp | None, Meta(description="The end, exclusive; null for all time.")]


class BoardEntryResponse(Struct, kw_only=True):
    """An entry of a board."""

    rank: Annotated[int, Meta(examples=[1])]
    participant: _Participant
    external_id: _ExternalId
    display_name: _DisplayName
    public: _Public
    score: Annotated[int, Meta(description="What the board counts in the period: referrals, clicks, shares or posts.")]
    reached_at: Annotated[
        Timestamp,
        Meta(description="When the last of them happened, to the second. Of equal scores the earlier one leads."),
    ]


class BoardResponse(PeriodResponse, kw_only=True):
    """Part of a board: the higher score first, then who reached it first, then by id."""

    metric: BoardMetric
    kind: Annotated[ReferrerKind, Meta(description=KIND_DESCRIPTION)]
    as_of: _AsOf
    entries: list[BoardEntryResponse]
    total: _Total
    next_cursor: str | None


class BoardsResponse(Struct, kw_only=True):
    """Several boards."""

    boards: Annotated[list[BoardResponse], Meta(description="In the order asked.")]


class RankResponse(PeriodResponse, kw_only=True):
    """A person's rank on a board, and the entries around it."""

    metric: BoardMetric
    kind: Annotated[ReferrerKind, Meta(description="Whom they are ranked among: followers or partners.")]
    as_of: _AsOf
    participant: _Participant
    external_id: _ExternalId
    display_name: _DisplayName
    public: _Public
    rank: Annotated[int | None, Meta(description="Null while nothing of theirs counts in the period.")]
    score: int
    reached_at: Timestamp | None
    entries: Annotated[list[BoardEntryResponse], Meta(description="The person between their neighbours.")]
    total: _Total


class FriendResponse(BoardEntryResponse, kw_only=True):
    """An entry of a friends' board. Its rank is that among friends."""

    relation: Annotated[
        Relation,
        Meta(description="`self`, `brought_me`: who brought the person, or `brought_by_me`: whom they brought."),
    ]


class FriendsResponse(PeriodResponse, kw_only=True):
    """A board of a person's own network."""

    metric: BoardMetric
    participant: _Participant
    friends: Annotated[int, Meta(description="Who brought them, and whom they brought, with or without an entry.")]
    truncated: Annotated[bool, Meta(description="They brought more than 1,000 people; the later ones are left out.")]
    entries: Annotated[
        list[FriendResponse], Meta(description="Those of them with an entry in the period, the person included.")
    ]


class InsightsResponse(PeriodResponse, kw_only=True):
    """What happened in a period, as of now: without what was reversed, each event counted once."""

    followers: Annotated[
        int,
        Meta(description="Current followers who began to follow in the period: referred + discovered + excluded."),
    ]
    referred: Annotated[int, Meta(description="Those of them who were referred, without those of banned referrers.")]
    discovered: Annotated[int, Meta(description="Those who came without a referral.")]
    excluded: Annotated[int, Meta(description="Those whose referrer is banned: neither referred nor discovered.")]
    referral_share: Annotated[float, Meta(description="referred / followers, 0 to 1; 0 without followers.")]
    qualified: Annotated[int, Meta(description="Referred, and the program's qualifying event has happened.")]
    counted: Annotated[
        int,
        Meta(
            description="Referrals that qualified in the period and were cleared, and still count: the sum of the boards of the"
            " period, and what is rewarded."
        ),
    ]
    not_counted: Annotated[
        int | None, Meta(description="Of all time, qualified - counted: held or rejected. Null for other periods.")
    ]
    by_channel: Annotated[
        dict[str, int],
        Meta(
            description="referred by channel of the referral; `unknown` if its evidence names none. Adds up to referred."
        ),
    ]
    posts: Annotated[int, Meta(description="Posts published in the period that still exist.")]
    shares: Annotated[int, Meta(description="Content shared.")]
    shown: Annotated[int, Meta(description="Content shown.")]
    clicks: Annotated[int, Meta(description="Referral links opened by people.")]


def name_fields(known: KnownPerson | None) -> NameFields:
    """Who a participant is; None for a person who is erased or unknown."""
    if known is None:
        return {"external_id": None, "display_name": None, "public": False}
    return {
        "external_id": known.external_id,
        "display_name": known.display_name,
        "public": known.public_name is not None,
    }


def period_fields(program: str, window: Window) -> PeriodFields:
    """The fields of a PeriodResponse."""
    return {
        "program": program,
        "period": window.name,
        "starts_at": _boundary(window, window.start_s),
        "ends_at": _boundary(window, window.end_s),
    }


def _boundary(window: Window, second: int) -> datetime | None:
    return None if window.kind == "all" else to_datetime(second * 1000)
