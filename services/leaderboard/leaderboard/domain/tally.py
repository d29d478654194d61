"""What counts for a participant on the boards of a metric: when, and how often.

A score is a function of it, and it is the same in whatever order its parts were added and removed (`domain.score`). A metric that
one person can raise without limit, such as clicks, is counted by quarters of an hour: its tally grows with the time in which
something happened, and not with how much. No day of any time zone has begun within a quarter since 1972, so counts are exact.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, assert_never

from msgspec import Struct

from leaderboard.domain.score import add, load_seconds, remove, score_of, scores

QUARTER_S = 15 * 60
Resolution = Literal["second", "quarter"]


class StoredTally(Struct, frozen=True, array_like=True, tag="tally", gc=False):
    """The state of one participant and metric. `hidden`: they are banned, and on no board; what they do is counted on."""

    times: bytes = b""
    hidden: bool = False


class Tally(Protocol):
    """The times that count, in one of two resolutions."""

    def change(self, second: int, number: int) -> None:
        """Adds what happened `number` times at a second since the epoch (negative: takes it away)."""

    def scores(self, windows: Sequence[tuple[int, int]]) -> list[float | None]:
        """Returns the score in each window [start_s, end_s), None where nothing counts."""

    def seconds(self) -> Iterable[int]:
        """Returns the seconds since the epoch at which something counts; with quarters, when each of them begins."""

    def to_bytes(self) -> bytes:
        """Returns what `load_tally` reads."""


def load_tally(resolution: Resolution, times: bytes) -> Tally:
    """Returns the tally that was stored as these bytes; empty bytes are one of nothing."""
    match resolution:
        case "second":
            return SecondTally(times)
        case "quarter":
            return QuarterTally(times)
        case _:
            assert_never(resolution)


class SecondTally:
    """Every time by itself, to the second: 4 bytes each."""

    def __init__(self, times: bytes = b"") -> None:
        self._seconds = load_seconds(times)

    def change(self, second: int, number: int) -> None:
        """See Tally. Raises NotCounted for what was never added."""
        for _ in range(abs(number)):
            (add if number > 0 else remove)(self._seconds, second)

    def scores(self, windows: Sequence[tuple[int, int]]) -> list[float | None]:
        """See Tally."""
        return scores(self._seconds, windows)

    def seconds(self) -> Iterable[int]:
        """See Tally."""
        return self._seconds

    def to_bytes(self) -> bytes:
        """See Tally."""
        return self._seconds.tobytes()


class QuarterTally:
    """How often in each quarter of an hour, 8 bytes each: first the quarters since the epoch, sorted, then their counts.

    A count may be below 0 until the line arrives that belongs before one already counted.
    """

    def __init__(self, times: bytes = b"") -> None:
        numbers = array("i")
        numbers.frombytes(times)
        half = len(numbers) // 2
        self._quarters, self._counts = numbers[:half], numbers[half:]

    def change(self, second: int, number: int) -> None:
        """See Tally."""
        quarter = second // QUARTER_S
        index = bisect_left(self._quarters, quarter)
        if index == len(self._quarters) or self._quarters[index] != quarter:
            self._quarters.insert(index, quarter)
            self._counts.insert(index, 0)
        self._counts[index] += number
        if not self._counts[index]:
            del self._quarters[index], self._counts[index]

    def scores(self, windows: Sequence[tuple[int, int]]) -> list[float | None]:
        """See Tally. A window that begins or ends within a quarter is without it."""
        return [self._score(-(-start_s // QUARTER_S), end_s // QUARTER_S) for start_s, end_s in windows]

    def seconds(self) -> Iterable[int]:
        """See Tally."""
        return (quarter * QUARTER_S for quarter in self._quarters)

    def to_bytes(self) -> bytes:
        """See Tally."""
        return (self._quarters + self._counts).tobytes()

    def _score(self, start: int, end: int) -> float | None:
        first, last = bisect_left(self._quarters, start), bisect_left(self._quarters, end)
        count = sum(self._counts[first:last])
        if count <= 0:
            return None
        reached = next(self._quarters[index] for index in range(last - 1, first - 1, -1) if self._counts[index] > 0)
        return score_of(count, reached * QUARTER_S)
