"""The clock on the log: a tick for every full `REFERRAL_TICK_SECONDS` that the time has reached.

A tick's time and id follow from the time alone, so two tickers say the same; a second tick of one moment finds nothing
due. When the time leaps (a simulation, a machine that slept), one tick says so: folds need the newest only.
"""

import msgspec

from referral.events.ids import derive_id
from referral.events.line import ClockTicked
from referral.events.timestamps import to_datetime

_encode = msgspec.json.Encoder().encode


class ClockTicker:
    """Remembers the last tick said."""

    def __init__(self, seconds: int) -> None:
        self._every_ms = seconds * 1000
        self._last_ms: int | None = None

    def due(self, now_ms: int) -> int | None:
        """The moment (ms) to tick for at `now_ms`, or None while the last tick's still lasts."""
        moment = now_ms - now_ms % self._every_ms
        return None if moment == self._last_ms else moment

    def mark_written(self, moment_ms: int) -> None:
        """The tick of this moment is on the log, in every partition."""
        self._last_ms = moment_ms


def tick_line(moment_ms: int) -> bytes:
    """The line of a tick."""
    return _encode(ClockTicked(occurred_at=to_datetime(moment_ms), id=derive_id("tick", str(moment_ms))))
