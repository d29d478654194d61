"""The clock on the log: a tick for every full `REFERRAL_TICK_SECONDS` that the time has reached.

Time and id of a tick follow from the time alone, so two tickers write the same lines, and a repeated tick finds no timer due. If
the time jumps (a simulation, a suspended machine), one tick is written: folds need only the newest.
"""

import msgspec

from referral.events.ids import derive_id
from referral.events.line import ClockTicked
from referral.events.timestamps import to_datetime

_encode = msgspec.json.Encoder().encode


class ClockTicker:
    """Remembers the last tick that was written."""

    def __init__(self, seconds: int) -> None:
        self._every_ms = seconds * 1000
        self._last_ms: int | None = None

    def due(self, now_ms: int) -> int | None:
        """Returns the time (ms) of the tick that is due at `now_ms`, or None if it has been written already."""
        tick_ms = now_ms - now_ms % self._every_ms
        return None if tick_ms == self._last_ms else tick_ms

    def mark_written(self, tick_ms: int) -> None:
        """Records that the tick of this time is on the log, in every partition."""
        self._last_ms = tick_ms


def tick_line(tick_ms: int) -> bytes:
    """Returns the encoded line of a tick."""
    return _encode(ClockTicked(occurred_at=to_datetime(tick_ms), id=derive_id("tick", str(tick_ms))))
