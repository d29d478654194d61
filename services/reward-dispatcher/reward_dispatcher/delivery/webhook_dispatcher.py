"""Takes records of `referral.rewards`, tells receivers what is theirs, and finishes a record when all were told.

A record is acknowledged only then, and in order, so that a crash repeats deliveries and never skips one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator

import msgspec
import structlog

from referral.catalog.view import Catalog
from referral.events.entities import Webhook
from referral.events.rewards import RewardFulfilled
from referral.log.records import split
from reward_dispatcher.delivery.messages import Message, message_of
from reward_dispatcher.delivery.ordered_ack import OrderedAck, Partition, PendingRecord
from reward_dispatcher.delivery.sender import Sender

ReportDelivered = Callable[
    [int, RewardFulfilled], Awaitable[None]
]  # says in a partition that a beneficiary's platform was told
log = structlog.get_logger()


class WebhookDispatcher:
    """The deliveries of one worker; belongs to one event loop."""

    def __init__(self, catalog: Catalog, sender: Sender, report_delivered: ReportDelivered) -> None:
        self._catalog = catalog
        self._sender = sender
        self._report_delivered = report_delivered
        self._order = OrderedAck()
        self._tasks: set[asyncio.Task[None]] = set()

    async def dispatch(self, topic: str, partition: int, offset: int, value: bytes, done: Callable[[], object]) -> None:
        """Begins the deliveries of a record; `done` is called when they and all before them are over.

        Waits while receivers that answer have too much under way.
        """
        here: Partition = (topic, partition)
        place = self._order.begin(here, done)
        jobs = [await self._start(partition, hook, told) for told, hook in self._deliveries(partition, offset, value)]
        self._spawn(self._finish(here, place, jobs))

    def reset(self) -> None:
        """Partitions were dealt anew: nothing that is under way is acknowledged any more, for it comes again."""
        self._order.reset()

    def _deliveries(self, partition: int, offset: int, value: bytes) -> Iterator[tuple[Message, Webhook]]:
        for number, raw in enumerate(split(value)):
            told = _read(raw, (partition, offset, number))
            if told is None:
                continue
            for hook in self._catalog.webhooks(told.line.program):
                if not hook.events or told.type in hook.events:
                    yield told, hook

    async def _start(self, partition: int, hook: Webhook, told: Message) -> "asyncio.Task[None]":
        if await self._sender.endpoint(hook.id).admit():
            return self._spawn(self._deliver(partition, hook, told))
        return self._spawn(
            self._sender.store_dead_letter(hook, told, "the receiver is failing and has too much under way")
        )

    async def _deliver(self, partition: int, hook: Webhook, told: Message) -> None:
        delivered = await self._sender.deliver(hook, told)
        if delivered and isinstance(told.line, RewardFulfilled):
            await self._report_delivered(partition, told.line)

    async def _finish(self, here: Partition, place: PendingRecord, jobs: "list[asyncio.Task[None]]") -> None:
        results = await asyncio.gather(*jobs, return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException):
                log.error("delivery ended in an error", error=f"{type(error).__name__}: {error}")
        self._order.finish(here, place)

    def _spawn(self, work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _read(raw: bytes, position: tuple[int, int, int]) -> Message | None:
    """The ledger fold keeps an unreadable line as a dead letter; here it only must not stop the others."""
    try:
        return message_of(raw, position)
    except msgspec.MsgspecError as error:
        log.error("line not delivered", position=position, error=str(error))
        return None
