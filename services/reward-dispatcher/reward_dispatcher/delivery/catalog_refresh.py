"""Reads the catalog to its end for all that wait for it: ten times a second at most, however many there are."""

import asyncio
import time
from collections.abc import Callable

_INTERVAL_S = 0.1


class CatalogRefresh:
    """Belongs to one event loop. `read` returns once the catalog has what was written before the call; it blocks."""

    def __init__(self, read: Callable[[], None], interval_s: float = _INTERVAL_S) -> None:
        self._read = read
        self._interval_s = interval_s
        self._turn = asyncio.Lock()
        self._begun_at = 0.0  # of the last read that succeeded

    async def refresh(self) -> None:
        """Returns once the catalog has what was written before the call. Raises LogUnavailable."""
        called_at = time.monotonic()
        async with self._turn:
            if self._begun_at >= called_at:
                return
            await asyncio.sleep(max(0.0, self._begun_at + self._interval_s - time.monotonic()))
            begun_at = time.monotonic()
            await asyncio.to_thread(self._read)
            self._begun_at = begun_at
