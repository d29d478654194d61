"""Response bodies about closed boards and draws."""

from typing import Annotated

from msgspec import Meta, Struct

from leaderboard.http_api.requests import KIND_DESCRIPTION
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.http.responses import Timestamp

Hash = Annotated[str, Meta(description="A SHA-256 hash, hexadecimal.")]


class ClosedEntryResponse(Struct, kw_only=True):
    """An entry of a closed board, and what it would be now."""

    rank: Annotated[int, Meta(examples=[1])]
    participant: Annotated[str, Meta(description="Their person id.", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[str | None, Meta(description="The platform's own id; null once they are erased.")]
    display_name: Annotated[str | None, Meta(description="The name that they have given; null once they are erased.")]
    public: Annotated[bool, Meta(description="Whether pages that anyone can open show the name.")]
    score: Annotated[int, Meta(description="What they had when the board was closed.")]
    reached_at: Annotated[
        int, Meta(description="When they reached it, seconds since 1970: part of the leaf that is proven.")
    ]
    score_now: Annotated[int, Meta(description="What counts now: later corrections change this, not the closed board.")]


class PartResponse(Struct, kw_only=True):
    """What one partition had on the board."""

    part: int
    offset: Annotated[int, Meta(description="The position on the log up to which it counted.")]
    entries: int
    digest: Hash


class ClosingResponse(Struct, kw_only=True):
    """A closed board: final, with the root that commits to all of its entries."""

    program: str
    metric: BoardMetric
    kind: Annotated[ReferrerKind, Meta(description=KIND_DESCRIPTION)]
    period: Annotated[str, Meta(examples=["2026-11"])]
    closed_at: Timestamp
    entries: Annotated[int, Meta(description="How many entries the board has.")]
    root: Annotated[str, Meta(description="The Merkle root (RFC 9162) over all entries in the order of their ranks.")]
    parts: list[PartResponse]
    ranks: Annotated[list[ClosedEntryResponse], Meta(description="A page of the entries, the best first.")]
    next_cursor: str | None


class RankProofResponse(Struct, kw_only=True):
    """The proof of a rank: `referral board verify` and docs/closings.md verify it offline, with the root of the closing."""

    program: str
    metric: str
    kind: str
    period: str
    rank: int
    participant: str
    score: int
    reached_at: Annotated[int, Meta(description="Seconds since 1970-01-01T00:00:00Z.")]
    entries: int
    path: Annotated[list[str], Meta(description="The hashes from the leaf to the root, hexadecimal.")]
    root: Hash


class DrawResponse(Struct, kw_only=True):
    """A draw: what was committed to, and the result once it is held."""

    program: str
    draw: str
    metric: str
    period: str
    committed_at: Timestamp
    root: Annotated[str, Meta(description="The root of the closed board that has the entries.")]
    entries: int
    tickets: Annotated[int, Meta(description="The sum of all scores: each entry has as many tickets as its score.")]
    winner_places: int
    alternate_places: int
    rule: Annotated[str, Meta(description="The name of the rule by which it is drawn.")]
    last_leaf: Hash
    round: Annotated[int | None, Meta(description="The round of drand's quicknet; null with a secret.")]
    round_at: Annotated[Timestamp | None, Meta(description="When the round is published.")]
    secret_hash: str | None
    held_at: Timestamp | None
    randomness: str | None
    signature: str | None
    secret: str | None
    winners: list[str]
    alternates: Annotated[list[str], Meta(description="Who takes the place of a void winner, in order.")]
