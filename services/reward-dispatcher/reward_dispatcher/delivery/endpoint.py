"""The state of one webhook receiver: how many deliveries are in flight, and whether the last attempts failed.

A delivery waits for a receiver that responds. A failing receiver has its limit of deliveries in flight and no more: further
messages become dead letters at once, so that they do not delay other receivers.
"""

import asyncio

from msgspec.structs import replace

from reward_dispatcher.webhook_status import EndpointReport, WorkerReport

_MAX_IN_FLIGHT = 64
_FAILING_AFTER = 5  # failed attempts in a row


class EndpointState:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._in_flight = 0
        self._queued = 0
        self._failures = 0
        self._last_success_ms: int | None = None
        self._last_failure_ms: int | None = None
        self._last_failure: str | None = None
        self._reported: EndpointReport | None = None
        self._changed = asyncio.Condition()

    @property
    def failing(self) -> bool:
        """Whether the last attempts all failed."""
        return self._failures >= _FAILING_AFTER

    async def admit(self) -> bool:
        """Waits until another delivery may start. Returns False if the limit is reached and the receiver is failing."""
        async with self._changed:
            self._queued += 1
            try:
                await self._changed.wait_for(lambda: self._in_flight < _MAX_IN_FLIGHT or self.failing)
            finally:
                self._queued -= 1
            if self._in_flight >= _MAX_IN_FLIGHT:
                return False
            self._in_flight += 1
            return True

    async def record_attempt(self, at_ms: int, failure: str | None) -> None:
        """Counts failed attempts in a row. `failure` is why the attempt failed; None if it succeeded."""
        async with self._changed:
            self._failures = 0 if failure is None else self._failures + 1
            if failure is None:
                self._last_success_ms = at_ms
            else:
                self._last_failure_ms, self._last_failure = at_ms, failure
            self._changed.notify_all()

    def report(self, now_ms: int) -> EndpointReport | None:
        """Returns what has to be reported now: the state if it differs from the last report, or while messages wait."""
        waiting = self._in_flight + self._queued
        state = EndpointReport(
            WorkerReport(now_ms, waiting, self.failing),
            self._last_success_ms,
            self._last_failure_ms,
            self._last_failure,
        )
        last, self._reported = self._reported, state
        unchanged = last is not None and replace(last, worker=replace(last.worker, at_ms=now_ms)) == state
        return None if unchanged and not waiting else state

    async def release(self) -> None:
        """Ends a delivery that was admitted, successful or not."""
        async with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()
