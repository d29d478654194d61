"""The state of joining the parts of boards: what each partition has reported, the parts that have arrived, what is closed."""

from collections.abc import Mapping

from msgspec import Struct

from leaderboard.domain.closed_board import RankedBlock
from leaderboard.domain.prize_ladder import Ladder
from referral.events.standings import JoinedPart, PartEntry


class ReportedParts(Struct, frozen=True, array_like=True, tag="reported"):
    """The partitions of a boards fold: until which second each has written its parts, and how many partitions there are."""

    through: dict[int, int] = {}
    parts: int = 0

    def with_report(self, part: int, parts: int, through_s: int) -> "ReportedParts":
        """The same with a report."""
        reached = max(through_s, self.through.get(part, 0))
        return ReportedParts(dict(sorted((self.through | {part: reached}).items())), parts)

    @property
    def complete_until_s(self) -> int:
        """Until which second all partitions have written their parts; 0 while one has reported nothing."""
        return min(self.through.values()) if self.parts and len(self.through) == self.parts else 0


class PartSlice(Struct, frozen=True, array_like=True, tag="slice"):
    """Consecutive entries of a part."""

    entries: tuple[PartEntry, ...]


class ArrivedParts(Struct, frozen=True, array_like=True, tag="arrived"):
    """The parts of a board that have arrived, by partition, and how many entries of each."""

    parts: dict[int, JoinedPart] = {}
    entries: dict[int, int] = {}


class ClosedBoard(Struct, frozen=True, array_like=True, tag="closed"):
    """A closed board: when it was closed, how many entries it has, its parts, and the roots of its blocks one after the other."""

    closed_at_s: int
    entries: int
    root: str
    parts: tuple[JoinedPart, ...]
    block_roots: bytes


class DrawState(Struct, frozen=True, array_like=True, tag="draw"):
    """A committed draw; `drawn` in order once it is held, with the randomness and what it was made of."""

    draw: str
    committed_at_s: int
    root: str
    entries: int
    tickets: int
    winners: int
    alternates: int
    last_leaf: str
    version: int
    holding_s: int
    reward: str
    round: int | None = None
    secret_hash: str | None = None
    held_at_s: int | None = None
    randomness: str | None = None
    signature: str | None = None
    secret: str | None = None
    drawn: tuple[str, ...] = ()


ClosingState = ReportedParts | PartSlice | ArrivedParts | ClosedBoard | RankedBlock | Ladder | DrawState


def missing_parts(reported: ReportedParts, until_s: int) -> Mapping[int, int]:
    """Returns the partitions that have not written their parts until a second, with the second that each has reached; 0: none."""
    return {
        part: reported.through.get(part, 0) for part in range(reported.parts) if reported.through.get(part, 0) < until_s
    }
