"""Writes lines to partitions of a topic: lines that come together share a record, and one record of a partition is in flight."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from referral.log.records import chunks, join

SendRecord = Callable[[int, bytes], Awaitable[int]]
"""Writes a record to a partition; returns its offset once it is durable. Raises whatever the client raises."""

_PAUSE_S = 0.5
log = structlog.get_logger()


class LineWriter:
    """Repeats a record until it is durable: what is written may arrive twice, and is never lost. Belongs to one event loop."""

    def __init__(self, name: str, send: SendRecord, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._name = name
        self._send = send
        self._pause = pause
        self._waiting: dict[int, list[tuple[bytes, asyncio.Future[int]]]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def write(self, partition: int, line: bytes) -> int:
        """Returns the offset of the line's record once it is durable."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(partition, []).append((line, done))
        if partition not in self._tasks:
            self._tasks[partition] = asyncio.get_running_loop().create_task(self._run(partition))
        return await done

    async def _run(self, partition: int) -> None:
        """Sends what waits for a partition until nothing does."""
        try:
            while taken := self._waiting.pop(partition, []):
                start = 0
                for lines in chunks([line for line, _ in taken]):
                    offset = await self._send_until_durable(partition, join(lines))
                    for _, done in taken[start : start + len(lines)]:
                        if not done.done():
                            done.set_result(offset)
                    start += len(lines)
        finally:
            del self._tasks[partition]

    async def _send_until_durable(self, partition: int, record: bytes) -> int:
        while True:
            try:
                return await self._send(partition, record)
            except Exception as error:  # noqa: BLE001 - whatever the client raises: the lines must not be lost
                reason = f"{type(error).__name__}: {error}"
                log.warning("lines not written yet", topic=self._name, partition=partition, reason=reason)
                await self._pause(_PAUSE_S)
