"""One ranking out of many: a board lies in P sorted sets, and each referrer in exactly one of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil, sqrt
from typing import NamedTuple

from leaderboard.domain.score import count_of, reached_at_of


class BoardEntry(NamedTuple):
    """Where somebody stands: places compare as they rank, by score and then by id (as bytes; ids are ASCII)."""

    score: float
    member: bytes

    @property
    def participant(self) -> str:
        """Who it is."""
        return self.member.decode()

    @property
    def referrals(self) -> int:
        """How many referrals count."""
        return count_of(self.score)

    @property
    def reached_at_s(self) -> int:
        """When the last of them happened, seconds since the epoch."""
        return reached_at_of(self.score)


@dataclass(frozen=True, slots=True)
class RankedEntry:
    """A place and its rank, from 1."""

    rank: int
    entry: BoardEntry


@dataclass(frozen=True, slots=True)
class BoardSlice:
    """Some of a board in order, and how many stand on it in all."""

    entries: list[RankedEntry]
    total: int


@dataclass(frozen=True, slots=True)
class PartitionSlice:
    """What one partition holds around a place: how many there are, how many before the first of `near`, and some in
    order.
    """

    total: int
    before: int
    near: Sequence[BoardEntry]


def merge_top(parts: Iterable[Sequence[BoardEntry]], limit: int) -> list[BoardEntry]:
    """The first `limit` of all parts."""
    return sorted(chain.from_iterable(parts))[:limit]


def with_ranks(entries: Iterable[BoardEntry], before: int) -> list[RankedEntry]:
    """Places with their ranks; `before` stand ahead of the first."""
    return [RankedEntry(rank, place) for rank, place in enumerate(entries, before + 1)]


def entries_after(parts: Sequence[PartitionSlice], after: BoardEntry, limit: int) -> BoardSlice:
    """The `limit` places behind `after`, whether or not it still stands there itself."""
    ahead = sum(part.before + bisect_right(part.near, after) for part in parts)
    behind = merge_top((part.near[bisect_right(part.near, after) :] for part in parts), limit)
    return BoardSlice(with_ranks(behind, ahead), sum(part.total for part in parts))


def entries_around(parts: Sequence[PartitionSlice], me: BoardEntry, reach: int) -> BoardSlice:
    """`me` and up to `reach` places on each side."""
    ahead = sum(part.before + bisect_left(part.near, me) for part in parts)
    above = sorted(chain.from_iterable(part.near[: bisect_left(part.near, me)] for part in parts))
    above = above[max(0, len(above) - reach) :]
    below = merge_top((part.near[bisect_right(part.near, me) :] for part in parts), reach)
    return BoardSlice(with_ranks([*above, me, *below], ahead - len(above)), sum(part.total for part in parts))


def read_depth(limit: int, parts: int) -> int:
    """How many of each part to ask for so that the first `limit` of all are, almost surely, among them.

    Referrers spread over partitions by hash: of the first `limit` a partition holds limit/P, give or take its root.
    """
    share = limit / parts
    return min(limit, ceil(share + 4 * sqrt(share)) + 1)


def may_hold_more(part: Sequence[BoardEntry], asked: int, chosen: Sequence[BoardEntry]) -> bool:
    """Whether a part gave all it was asked for and all of it was chosen: it may hold more that belongs here."""
    return len(part) == asked and part[-1] <= chosen[-1]
