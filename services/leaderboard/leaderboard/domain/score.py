"""A referrer's standing: the moments of the referrals that count, and what every board makes of them.

The state is the bag of those moments, and a place on a board is a function of the bag: how many moments lie in the
board's period, and which of them is the last. Clearing puts one in, a reversal takes it out; bags do not care for
order, so any interleaving of partitions, any late correction and any way back gives the same board. (Keeping only a
count and a running maximum would not: the maximum would remember a referral that was taken back, and a tie would hang
on who was corrected when.)

A moment is 4 bytes, a whole second since the epoch in the machine's byte order; the bag is sorted. The largest bag a
batch moves is 4 bytes times what one referrer brought: 40 kB for ten thousand.
"""

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable

_STEP = 2.0**32
MAX_REFERRALS = 2**21  # referrals of one referrer that a double can rank to the second


class NotCounted(LookupError):
    """A reversal of a referral that does not count."""


def load_seconds(state: bytes | None) -> "array[int]":
    """The bag that a state holds."""
    bag = array("I")
    if state:
        bag.frombytes(state)
    return bag


def add(bag: "array[int]", second: int) -> None:
    """One more referral counts since `second`. Raises OverflowError before 1970 and after 2106."""
    insort(bag, second)


def remove(bag: "array[int]", second: int) -> None:
    """One of `second` counts no more. Raises NotStanding where there is none."""
    place = bisect_left(bag, second)
    if place == len(bag) or bag[place] != second:
        raise NotCounted(f"no referral of second {second} counts")
    del bag[place]


def scores(bag: "array[int]", borders: Iterable[tuple[int, int]]) -> list[float | None]:
    """For each [start_s, end_s) the score of what counts in it, None where nothing does.

    reached_at − count·2³²: sorted upwards that is more first, then who got there first; ties stand by id.
    """
    if not bag:
        return [None for _ in borders]
    return [_score(bag, bag[0], bag[-1], start_s, end_s) for start_s, end_s in borders]


def _score(bag: "array[int]", first: int, last: int, start_s: int, end_s: int) -> float | None:
    """A period mostly holds the bag's end or all of it; only else is there something to search for."""
    end = len(bag) if last < end_s else bisect_left(bag, end_s)
    count = end if first >= start_s else end - bisect_left(bag, start_s, 0, end)
    return bag[end - 1] - count * _STEP if count else None


def count_of(score: float) -> int:
    """How many referrals a score tells of."""
    return -int(score // _STEP)


def reached_at_of(score: float) -> int:
    """The second since the epoch at which a score's last referral counted."""
    return int(score % _STEP)
