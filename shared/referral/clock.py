"""Clocks: the system's, one set by a test, and one read from a file that several processes share.

Services take the time of day from their clock only, never from the operating system. A test can therefore stop time, and a
simulated campaign can run sixty days through real services in a minute: every process reads the same eight bytes.
"""

import mmap
import struct
import time
from pathlib import Path
from typing import Protocol

_MILLISECONDS = struct.Struct("<q")


class Clock(Protocol):
    """A source of the time of day."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z."""


class SystemClock:
    """The operating system's time of day."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that moves only by `advance`; for tests."""

    def __init__(self, now_ms: int = 1_790_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Milliseconds since the epoch, as last set."""
        return self._now_ms

    def advance(self, milliseconds: int) -> None:
        """Moves the clock forward."""
        self._now_ms += milliseconds


class FileClock:
    """A clock with its time in a file (0: the system's time); for simulations across processes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            if file.tell() < _MILLISECONDS.size:
                file.write(_MILLISECONDS.pack(0))
                file.flush()
            self._memory = mmap.mmap(file.fileno(), _MILLISECONDS.size)
        self._system = SystemClock()

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(_MILLISECONDS.unpack_from(self._memory)[0]) or self._system.now_ms()

    def set(self, now_ms: int) -> None:
        """Sets the time for every process that uses this file; 0 returns to the system's time."""
        _MILLISECONDS.pack_into(self._memory, 0, now_ms)


def clock_from(setting: str) -> Clock:
    """The clock for a setting: `system` or `file:PATH`. Raises ValueError for any other, and OSError if the file is unusable."""
    if setting == "system":
        return SystemClock()
    scheme, _, path = setting.partition(":")
    if scheme == "file" and path:
        return FileClock(Path(path))
    raise ValueError(f"the clock must be `system` or `file:PATH`; got {setting!r}")
