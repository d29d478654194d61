"""Response bodies of this API."""

from datetime import datetime
from typing import Annotated, TypedDict

from msgspec import Meta, Struct

from leaderboard.domain.periods import Window
from leaderboard.http_api.requests import KIND_DESCRIPTION
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.timestamps import to_datetime
from referral.http.responses import Timestamp

_ExternalId = Annotated[
    str | None, Meta(description="The platform's own id; null while the catalog does not contain the participant.")
]
_DisplayName = Annotated[str, Meta(description="The name to show; the participant's id if no name is known.")]
_Total = Annotated[int, Meta(description="Number of entries of the whole board.")]


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
    participant: Annotated[str, Meta(examples=["par_0123456789abcdef"])]
    external_id: _ExternalId
    display_name: _DisplayName
    score: Annotated[int, Meta(description="Referrals of the period that count now.")]
    reached_at: Annotated[
        Timestamp,
        Meta(description="When the last of them happened, to the second. Of equal scores the earlier one leads."),
    ]


class BoardResponse(PeriodResponse, kw_only=True):
    """Part of a board: more referrals first, then who reached them first, then by id."""

    metric: BoardMetric
    kind: Annotated[ReferrerKind, Meta(description=KIND_DESCRIPTION)]
    entries: list[BoardEntryResponse]
    total: _Total
    next_cursor: str | None


class RankResponse(PeriodResponse, kw_only=True):
    """A person's rank on a board, and the entries around it."""

    metric: BoardMetric
    kind: Annotated[ReferrerKind, Meta(description="Whom they are ranked among: followers or partners.")]
    participant: str
    external_id: _ExternalId
    display_name: _DisplayName
    rank: Annotated[int | None, Meta(description="Null while none of their referrals counts in the period.")]
    score: int
    reached_at: Timestamp | None
    entries: Annotated[list[BoardEntryResponse], Meta(description="The person between their neighbours.")]
    total: _Total


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
