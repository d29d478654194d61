"""The board section of a program: a ranking, and the prizes for its ranks."""

from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.section import UNIQUE, Localized, Period, Section, ShortText
from referral.events.value_checks import prize_rank

BoardMetric = Literal["referrals", "clicks", "shares", "posts"]
CLOSED_METRICS: tuple[BoardMetric, ...] = ("referrals",)
"""The metrics whose boards are closed: what a prize or a draw is paid by."""
MAX_BOARDS = 10
MAX_PRIZES = 100
Prize = ShortText | Localized
PrizeRank = Annotated[str, Meta(max_length=13, extra={"check": prize_rank})]


class Board(Section, frozen=True, kw_only=True):
    """A ranking: what is counted, over which periods, and what the ranks earn (`1` or `2-10` → the prize)."""

    metric: Annotated[BoardMetric, Meta(description="what is counted")]
    periods: Annotated[
        tuple[Period, ...], Meta(min_length=1, description="over which periods", extra_json_schema=UNIQUE)
    ] = ("day", "week", "month", "all")
    prizes: Annotated[
        dict[Period, Annotated[dict[PrizeRank, Prize], Meta(max_length=MAX_PRIZES)]],
        Meta(
            description="what the ranks earn, each a text or a text in each language, by period",
            examples=[{"month": {"1": "grand", "2-10": {"zh-CN": "护肤套装", "en": "Skincare set"}}}],
        ),
    ] = field(default_factory=dict)
