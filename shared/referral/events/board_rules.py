"""The board section of a program: a ranking, and the prizes for its ranks; and the campaign, a period of its own."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.section import UNIQUE, YEARS, Localized, Section, ShortText
from referral.events.value_checks import prize_rank

BoardMetric = Literal["referrals", "reach", "clicks", "shares", "posts", "challenge_score"]
PAID_METRICS: tuple[BoardMetric, ...] = ("referrals",)
"""The metrics by which a reward or a draw is paid: what can be made by pressing a button should earn no prize."""
BoardPeriod = Literal["day", "week", "month", "campaign", "all"]
MAX_BOARDS = 10
MAX_PRIZES = 100
MAX_CAMPAIGN_DAYS = 1_000
Prize = ShortText | Localized
PrizeRank = Annotated[str, Meta(max_length=13, extra={"check": prize_rank})]


class Campaign(Section, frozen=True, kw_only=True):
    """Days of the program that have a board of their own, in its time zone. Once declared, they never change."""

    starts: Annotated[
        date,
        Meta(description="the first day, in the program's time zone", examples=["2026-11-01"], extra={"years": YEARS}),
    ]
    days: Annotated[int, Meta(ge=1, le=MAX_CAMPAIGN_DAYS, description="how many days it lasts")]


class Board(Section, frozen=True, kw_only=True):
    """A ranking: what is counted, over which periods, and what the ranks earn (`1` or `2-10` → the prize)."""

    metric: Annotated[BoardMetric, Meta(description="what is counted")]
    periods: Annotated[
        tuple[BoardPeriod, ...], Meta(min_length=1, description="over which periods", extra_json_schema=UNIQUE)
    ] = ("day", "week", "month", "all")
    prizes: Annotated[
        dict[BoardPeriod, Annotated[dict[PrizeRank, Prize], Meta(max_length=MAX_PRIZES)]],
        Meta(
            description="what the ranks earn, each a text or a text in each language, by period",
            examples=[{"month": {"1": "grand", "2-10": {"zh-CN": "护肤套装", "en": "Skincare set"}}}],
        ),
    ] = field(default_factory=dict)
