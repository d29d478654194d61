"""The state of one webhook receiver: how many deliveries are in flight, and whether the last attempts failed.

A delivery waits for a receiver that responds. A failing receiver has its limit of deliveries in flight and no more: further
messages become dead letters at once, so that they do not delay other receivers.
"""

import asyncio

_MAX_IN_FLIGHT = 64
_FAILING_AFTER = 5  # failed attempts in a row


class EndpointState:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._in_flight = 0
        self._failures = 0
        self._changed = asyncio.Condition()

    @property
    def failing(self) -> bool:
        """Whether the last attempts all failed."""
        return self._failures >= _FAILING_AFTER

    async def admit(self) -> bool:
        """Waits until another delivery may start. Returns False if the limit is reached and the receiver is failing."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._in_flight < _MAX_IN_FLIGHT or self.failing)
            if self._in_flight >= _MAX_IN_FLIGHT:
                return False
            self._in_flight += 1
            return True

    async def record_attempt(self, *, succeeded: bool) -> None:
        """Counts failed attempts in a row."""
        async with self._changed:
            self._failures = 0 if succeeded else self._failures + 1
            self._changed.notify_all()

    async def release(self) -> None:
        """Ends a delivery that was admitted, successful or not."""
        async with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()
