"""The board section of a program: a ranking, and the prizes for its ranks."""

from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.section import UNIQUE, Period, Section, ShortText
from referral.events.value_checks import prize_rank

BoardMetric = Literal["referrals"]
MAX_BOARDS = 10
MAX_PRIZES = 100
PrizeRank = Annotated[str, Meta(max_length=13, extra={"check": prize_rank})]


class Board(Section, frozen=True, kw_only=True):
    """A ranking: what is counted, over which periods, and what the ranks earn (`1` or `2-10` → the prize's name)."""

    metric: Annotated[BoardMetric, Meta(description="what is counted")]
    periods: Annotated[
        tuple[Period, ...], Meta(min_length=1, description="over which periods", extra_json_schema=UNIQUE)
    ] = ("day", "week", "month", "all")
    prizes: Annotated[
        dict[Period, Annotated[dict[PrizeRank, ShortText], Meta(max_length=MAX_PRIZES)]],
        Meta(
            description="for a period, what the ranks earn",
            examples=[{"month": {"1": "grand", "2-10": "gift"}}],
        ),
    ] = field(default_factory=dict)
