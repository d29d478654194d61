"""A referrer's score on a board, computed from the timestamps that count for them.

The state is the multiset of those timestamps. A score is a function of it: how many timestamps are in the board's period, and which
of them is the last. Clearing a conversion adds one, reversing it removes it; a multiset does not depend on order, so any
interleaving of partitions and any late correction give the same board. (A count and a running maximum would not: the maximum would
still contain a referral that was reversed, and a tie would depend on the order of corrections.)

A timestamp is 4 bytes, a whole second since the epoch in the machine's byte order; the array is sorted. The largest state that a
batch writes is 4 bytes times the referrals of one referrer: 40 kB for ten thousand.
"""

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable

_STEP = 2.0**32
MAX_REFERRALS = 2**21  # of one referrer, so that a double can still rank them to the second


class NotCounted(LookupError):
    """A reversal of a referral that does not count."""


def load_seconds(state: bytes | None) -> "array[int]":
    """Returns the timestamps that a state contains."""
    seconds = array("I")
    if state:
        seconds.frombytes(state)
    return seconds


def add(seconds: "array[int]", second: int) -> None:
    """Adds a timestamp. Raises OverflowError before 1970 and after 2106."""
    insort(seconds, second)


def remove(seconds: "array[int]", second: int) -> None:
    """Removes a timestamp once. Raises NotCounted if it is missing."""
    index = bisect_left(seconds, second)
    if index == len(seconds) or seconds[index] != second:
        raise NotCounted(f"no referral of second {second} is counted")
    del seconds[index]


def scores(seconds: "array[int]", windows: Iterable[tuple[int, int]]) -> list[float | None]:
    """Returns the score in each window [start_s, end_s), None for a window without timestamps.

    reached_at − count·2³²: in ascending order, the higher count comes first, then the earlier time. Ties are ordered by id.
    """
    if not seconds:
        return [None for _ in windows]
    first, last, size, found = seconds[0], seconds[-1], len(seconds), list[float | None]()
    for start_s, end_s in windows:  # most contain the end of the array or all of it; only the others need a search
        end = size if last < end_s else bisect_left(seconds, end_s)
        count = end if first >= start_s else end - bisect_left(seconds, start_s, 0, end)
        found.append(seconds[end - 1] - count * _STEP if count else None)
    return found


def score_of(count: int, reached_at_s: int) -> float:
    """Returns the score of a count that was reached at a second since the epoch."""
    return reached_at_s - count * _STEP


def count_of(score: float) -> int:
    """Returns the number of referrals in a score."""
    return -int(score // _STEP)


def score_range(referrals: int) -> tuple[float, float]:
    """Returns the scores [low, end) of this many referrals, whenever the last of them counted."""
    return -referrals * _STEP, -(referrals - 1) * _STEP


def reached_at_of(score: float) -> int:
    """Returns the second since the epoch at which the last referral of a score counted."""
    return int(score % _STEP)
