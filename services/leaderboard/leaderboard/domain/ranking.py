"""One ranking from many partitions: a board is one sorted set per partition, and each referrer is in exactly one of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil, sqrt
from typing import NamedTuple

from leaderboard.domain.score import count_of, reached_at_of
from referral.events.ids import person_digest, person_of


class BoardEntry(NamedTuple):
    """A member of a board, as the digest of a person id. Entries compare as they rank: by score, then by id, as digests do."""

    score: float
    member: bytes

    @classmethod
    def of(cls, score: float, person: str) -> "BoardEntry":
        """Returns the entry of a person. Raises ValueError if the text is no person id."""
        return cls(score, person_digest(person))

    @property
    def participant(self) -> str:
        """The participant's id."""
        return person_of(self.member)

    @property
    def referrals(self) -> int:
        """How many referrals count."""
        return count_of(self.score)

    @property
    def reached_at_s(self) -> int:
        """When the last of them happened, in seconds since the epoch."""
        return reached_at_of(self.score)


class RankedEntry(NamedTuple):
    """An entry and its rank, from 1."""

    rank: int
    entry: BoardEntry


@dataclass(frozen=True, slots=True)
class BoardSlice:
    """Consecutive entries of a board, and how many it has in all."""

    entries: list[RankedEntry]
    total: int


@dataclass(frozen=True, slots=True)
class PartitionSlice:
    """A partition's entries around a score, in order: how many it has in all, how many before `near`, and `near` itself."""

    total: int
    before: int
    near: Sequence[BoardEntry]


def merge_top(parts: Iterable[Sequence[BoardEntry]], limit: int) -> list[BoardEntry]:
    """Returns the first `limit` entries of all parts."""
    return sorted(chain.from_iterable(parts))[:limit]


def with_ranks(entries: Iterable[BoardEntry], before: int) -> list[RankedEntry]:
    """Returns the entries with their ranks; `before` is how many entries precede the first."""
    return [RankedEntry(rank, entry) for rank, entry in enumerate(entries, before + 1)]


def entries_after(parts: Sequence[PartitionSlice], after: BoardEntry, limit: int) -> BoardSlice:
    """Returns the `limit` entries behind `after`, whether or not it is still on the board itself."""
    ahead = sum(part.before + bisect_right(part.near, after) for part in parts)
    behind = merge_top((part.near[bisect_right(part.near, after) :] for part in parts), limit)
    return BoardSlice(with_ranks(behind, ahead), sum(part.total for part in parts))


def entries_around(parts: Sequence[PartitionSlice], me: BoardEntry, reach: int) -> BoardSlice:
    """Returns `me` and up to `reach` entries on each side."""
    ahead = sum(part.before + bisect_left(part.near, me) for part in parts)
    above = sorted(chain.from_iterable(part.near[: bisect_left(part.near, me)] for part in parts))
    above = above[max(0, len(above) - reach) :]
    below = merge_top((part.near[bisect_right(part.near, me) :] for part in parts), reach)
    return BoardSlice(with_ranks([*above, me, *below], ahead - len(above)), sum(part.total for part in parts))


def read_depth(limit: int, parts: int) -> int:
    """How many entries to read of each part so that the first `limit` of all are almost certainly among them.

    Referrers are distributed over partitions by hash: of the first `limit`, a partition has limit/P, with a standard deviation of
    about the root of that. The result adds four of them.
    """
    share = limit / parts
    return min(limit, ceil(share + 4 * sqrt(share)) + 1)


def may_hold_more(part: Sequence[BoardEntry], requested: int, chosen: Sequence[BoardEntry]) -> bool:
    """Whether a part may have further entries for `chosen`: it returned all that were requested, and all were chosen."""
    return len(part) == requested and part[-1] <= chosen[-1]
