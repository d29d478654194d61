"""Closed boards, prizes and draws, in `referral.standings`, keyed by program; experiments are there too (`experiments`).

A period of a board ends, `CLOSING_DELAY_S` later its partitions write what they have (`board.part_closed`), each then reports that
it has (`board.parts_written`), and the parts of all are joined into one `board.closed`. Prizes and draws follow from that line.
"""

from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct

from referral.events.attributions import ReferrerKind
from referral.events.experiments import ExperimentLine
from referral.events.line import Cause, ClockTicked, Derived, Id, Line, Name, PersonId, Text, Timestamp

CLOSING_DELAY_S = 86_400
"""How long after its end a period is closed: what arrives later is a correction."""
SLICE = 1000
"""The most entries that one `board.part_closed` has."""
TOP = 10
"""How many entries `board.closed` repeats."""
DRAW_DELAY_S = 6 * 3600
"""How long after the closing the round of a draw is published: it cannot be known while the entries can still change."""

Metric = Name
Count = Annotated[int, Meta(ge=0)]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="a SHA-256 hash, hexadecimal")]
Round = Annotated[int, Meta(ge=1, le=2**63 - 1, description="a round of quicknet")]
Signature = Annotated[str, Meta(pattern=r"^[0-9a-f]{96}$", description="the signature of the round, hexadecimal")]
Secret = Annotated[str, Meta(pattern=r"^([0-9a-f]{2}){16,64}$", description="the secret, hexadecimal")]
PrizeEnd = Literal["void", "moved"]
"""Why a prize was taken back: its winner has nothing left that counts, or moved to the place of one who has not."""


class BoardEvent(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something about the board of one period."""

    metric: Metric
    period: Name
    kind: ReferrerKind = "follower"


class PartEntry(Struct, frozen=True, array_like=True):
    """An entry of a part: who, with what score, and the second since the epoch at which it was reached."""

    participant: PersonId
    score: Count
    reached_at: Count


class BoardPartClosed(BoardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="board.part_closed"):
    """What one partition of a boards fold (`source`) has on a board at its end, from entry `first` on; the best first.

    `count` and `digest` (a Merkle root over the entries without ranks) are of the whole part, which may take several lines.
    `offset` is the position on the source topic up to which it counts.
    """

    source: Name
    part: Count
    offset: Count
    closes_at: Timestamp
    count: Count
    digest: Digest
    first: Count
    entries: tuple[PartEntry, ...]


class BoardPartsWritten(Line, frozen=True, kw_only=True, tag="board.parts_written"):
    """One of the `parts` partitions of a boards fold has written its part of each board that closes until `through`.

    A partition that wrote no part of a board has no entry on it. Sent to every partition.
    """

    source: Name
    part: Count
    parts: Annotated[int, Meta(ge=1)]
    offset: Count
    through: Timestamp
    cause: Cause = ("", 0, 0, 0, 0)


class JoinedPart(Struct, frozen=True, array_like=True):
    """A part of a closed board: its partition, the offset up to which it counts, its count and digest."""

    part: Count
    offset: Count
    count: Count
    digest: Digest


class ClosedEntry(Struct, frozen=True, array_like=True):
    """An entry of a closed board, with its rank."""

    rank: Annotated[int, Meta(ge=1)]
    participant: PersonId
    score: Count
    reached_at: Count


class BoardClosed(BoardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="board.closed"):
    """The board of a period is final. `root` is the Merkle root (RFC 9162) over all entries in the order of their ranks.

    `parts` are the partitions with entries, `top` the first entries.
    """

    entries: Count
    root: Digest
    parts: tuple[JoinedPart, ...]
    top: tuple[ClosedEntry, ...]


class BoardCorrected(BoardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="board.corrected"):
    """What a participant has on a board changed after it was closed: the closed board stays, and shows this beside it.

    Written for boards with prizes or draws. `score` 0: nothing counts any more.
    """

    participant: PersonId
    score: Count


class PrizeAwarded(BoardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="prize.awarded"):
    """A place earned a prize: on a closed board, or in a draw. `rule` is the reward rule that pays it, if any.

    `version` is that of the program whose rules apply. `trigger` identifies what was won; a reward's id follows from it.
    """

    place: Annotated[int, Meta(ge=1)]
    participant: PersonId
    prize: Text
    version: int
    trigger: Annotated[str, Meta(max_length=200, description="board:metric:period, or draw:name:period")]
    rule: Id | None = None
    draw: Id | None = None


class PrizeRevoked(BoardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="prize.revoked"):
    """A prize was taken back before the holding period was over."""

    participant: PersonId
    prize: Text
    trigger: Annotated[str, Meta(max_length=200, description="as in prize.awarded")]
    reason: PrizeEnd
    rule: Id | None = None
    draw: Id | None = None


class DrawCommitted(BoardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="draw.committed"):
    """The entries of a draw are final, and its randomness is not known yet.

    Entries, their order and `root` are those of the closed board, each with as many tickets as its score. Randomness is `round` of
    drand's network quicknet, or the secret of `secret_hash` together with `last_leaf`, the hash of the last entry's leaf.
    """

    draw: Id
    root: Digest
    entries: Count
    tickets: Count
    winners: Annotated[int, Meta(ge=1)]
    alternates: Count
    rule: Name
    last_leaf: Digest
    round: Round | None = None
    secret_hash: Digest | None = None


class DrawRandomnessGiven(BoardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="draw.randomness_given"):
    """The signature of the committed round, which was verified before, or the committed secret; hexadecimal."""

    draw: Id
    by: Name
    round: Round | None = None
    signature: Signature | None = None
    secret: Secret | None = None


class DrawHeld(BoardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="draw.held"):
    """A draw was made: who was drawn, in order. Anyone can repeat it with the entries and the randomness."""

    draw: Id
    root: Digest
    randomness: Digest
    winners: tuple[PersonId, ...]
    alternates: tuple[PersonId, ...]
    round: Round | None = None
    signature: Signature | None = None
    secret: Secret | None = None


KeyedStanding = (
    BoardPartClosed
    | BoardClosed
    | BoardCorrected
    | PrizeAwarded
    | PrizeRevoked
    | DrawCommitted
    | DrawRandomnessGiven
    | DrawHeld
)
StandingLine = KeyedStanding | BoardPartsWritten | ExperimentLine | ClockTicked


def standing_key(line: KeyedStanding) -> str:
    """The key of a line: the program, so that one partition joins, awards and draws for it."""
    match line:
        case (
            BoardPartClosed()
            | BoardClosed()
            | BoardCorrected()
            | PrizeAwarded()
            | PrizeRevoked()
            | DrawCommitted()
            | DrawRandomnessGiven()
            | DrawHeld()
        ):
            return line.program
        case _:
            assert_never(line)
