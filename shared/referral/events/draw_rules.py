"""The draw section of a program: prizes drawn by lot among the entries of a closed board."""

from typing import Annotated, Literal

from msgspec import Meta

from referral.events.board_rules import BoardMetric
from referral.events.section import Section, Slug

MAX_DRAWS = 20
MAX_WINNERS = 500
SecretHash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", extra={"must_be": "a SHA-256 hash: 64 of 0-9 and a-f"})]
DrawPeriod = Literal["day", "week", "month", "campaign"]


class Draw(Section, frozen=True, kw_only=True):
    """A draw: each entry of a closed board takes part with as many tickets as its score, and wins once at most."""

    id: Annotated[Slug, Meta(description="your own name for this draw", examples=["spring"])]
    board: Annotated[BoardMetric, Meta(description="the board that has the entries")]
    period: Annotated[DrawPeriod, Meta(description="the period of the board after which it is held, each time")]
    reward: Annotated[Slug, Meta(description="the id of the reward (on: draw.won) that each winner gets")]
    winners: Annotated[int, Meta(ge=1, le=MAX_WINNERS, description="how many win")] = 1
    alternates: Annotated[
        int,
        Meta(ge=0, le=MAX_WINNERS, description="how many take the place of winners who turn out to be void, in order"),
    ] = 10
    secret_hash: Annotated[
        SecretHash | None,
        Meta(
            description="the SHA-256 of a secret of your own (16 to 64 random bytes), if the draw may not depend on drand",
            extra={"left_out": "the randomness is a round of drand's network quicknet"},
        ),
    ] = None
