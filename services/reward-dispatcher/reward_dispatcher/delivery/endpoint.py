"""One receiver as the deliveries see it: how much is under way to it, and whether it has been answering.

A receiver that answers is waited for. One that fails may have so much under way and no more: what comes on top is set
aside at once, so that it holds up nobody else.
"""

import asyncio

_MAX_IN_FLIGHT = 64
_FAILING_AFTER = 5  # failed attempts in a row


class EndpointState:
    """The state of one webhook; belongs to one event loop."""

    def __init__(self) -> None:
        self._under_way = 0
        self._failures = 0
        self._changed = asyncio.Condition()

    @property
    def failing(self) -> bool:
        """Whether the last attempts all failed."""
        return self._failures >= _FAILING_AFTER

    async def admit(self) -> bool:
        """Waits for room. False when there is none and the receiver is failing."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._under_way < _MAX_IN_FLIGHT or self.failing)
            if self._under_way >= _MAX_IN_FLIGHT:
                return False
            self._under_way += 1
            return True

    async def record_attempt(self, *, succeeded: bool) -> None:
        """Takes note of an attempt."""
        async with self._changed:
            self._failures = 0 if succeeded else self._failures + 1
            self._changed.notify_all()

    async def release(self) -> None:
        """A delivery is over, one way or the other."""
        async with self._changed:
            self._under_way -= 1
            self._changed.notify_all()
