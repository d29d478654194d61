"""When the boards of a period close, and how far a partition is with closing them."""

from struct import Struct as ByteLayout

from msgspec import Struct

from leaderboard.domain.periods import END_OF_TIME_S
from referral.events.standings import CLOSING_DELAY_S

QUARTER_S = 15 * 60
"""Periods of all time zones begin and end on a quarter of an hour, so boards close then."""
_LAYOUT = ByteLayout(">QQ")


class ClosingProgress(Struct, frozen=True):
    """Boards that close until `until_s` are being closed; those until `through_s` are closed, in this partition.

    What is counted on a board that closes until `until_s` is a correction, unless the board still waits for its turn.
    """

    until_s: int = 0
    through_s: int = 0

    def at_tick(self, second: int) -> "ClosingProgress":
        """The progress with which a tick begins: what is left of before, otherwise what has become due."""
        if self.until_s != self.through_s:
            return self
        return ClosingProgress(max(self.until_s, second // QUARTER_S * QUARTER_S), self.through_s)

    @property
    def is_done(self) -> bool:
        """Whether all that was due is closed."""
        return self.until_s == self.through_s

    def finish(self) -> "ClosingProgress":
        """The progress once all that was due is closed."""
        return ClosingProgress(self.until_s, self.until_s)

    def pack(self) -> bytes:
        """The progress as stored."""
        return _LAYOUT.pack(self.until_s, self.through_s)


def unpack(state: object) -> ClosingProgress:
    """Returns the progress from its state; the initial one if there is none."""
    return ClosingProgress(*_LAYOUT.unpack(state)) if isinstance(state, bytes) and state else ClosingProgress()


def until_of(state: object) -> int:
    """Returns `until_s` of a stored progress alone, for each line that is counted."""
    return int.from_bytes(state[:8], "big") if isinstance(state, bytes) else 0


def closes_at(end_s: int) -> int | None:
    """Returns the second at which a period that ends at `end_s` closes; None for all time."""
    return None if end_s >= END_OF_TIME_S else end_s + CLOSING_DELAY_S
