"""Dispatches the records of `referral.rewards`: notifies receivers of their lines, then acknowledges the record.

A record is acknowledged once all its deliveries have ended, and in the order of the log. A crash therefore repeats deliveries and
never skips one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass

import msgspec
import structlog

from referral.catalog.view import Catalog
from referral.events.entities import Webhook
from referral.events.rewards import RewardFulfilled
from referral.events.timestamps import to_ms
from referral.log.records import split
from reward_dispatcher.delivery.messages import Message, message_of
from reward_dispatcher.delivery.ordered_ack import OrderedAck, Partition, PendingRecord
from reward_dispatcher.delivery.sender import Sender
from reward_dispatcher.sealed_codes import CodeSealer
from reward_dispatcher.webhook_status import EndpointReport

ReportDelivered = Callable[[int, RewardFulfilled], Awaitable[None]]  # writes a RewardDelivered to this partition
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReceivedRecord:
    """A record of the rewards topic. `recorded_at_ms` is when its producer wrote it (ms)."""

    topic: str
    partition: int
    offset: int
    recorded_at_ms: int
    value: bytes


class WebhookDispatcher:
    """The deliveries of one worker; belongs to one event loop."""

    def __init__(self, catalog: Catalog, sender: Sender, codes: CodeSealer, report_delivered: ReportDelivered) -> None:
        self._catalog = catalog
        self._codes = codes
        self._sender = sender
        self._report_delivered = report_delivered
        self._order = OrderedAck()
        self._tasks: set[asyncio.Task[None]] = set()

    async def dispatch(self, received: "ReceivedRecord", acknowledge: Callable[[], object]) -> None:
        """Starts the deliveries of a record; `acknowledge` is called when these and those of all records before it have ended.

        Waits while a receiver that responds has the maximum of deliveries in flight.
        """
        source: Partition = (received.topic, received.partition)
        record = self._order.begin(source, acknowledge)
        tasks = [
            await self._start(received.partition, webhook, message) for message, webhook in self._deliveries(received)
        ]
        self._spawn(self._finish(source, record, tasks))

    def activity(self) -> tuple[int, int, int]:
        """Numbers that grow with each record received, each record acknowledged and each attempt."""
        return self._order.begun, self._order.acknowledged, self._sender.attempts

    def reports(self, now_ms: int) -> dict[str, EndpointReport]:
        """Returns what has to be reported of the receivers now, by webhook."""
        return self._sender.reports(now_ms)

    def reset(self) -> None:
        """Stops acknowledging the records in flight, after a rebalance: they are read again."""
        self._order.reset()

    def _deliveries(self, received: "ReceivedRecord") -> Iterator[tuple[Message, Webhook]]:
        """Each message with each webhook that it is for: one that was registered before the record, for messages of this type."""
        for number, raw in enumerate(split(received.value)):
            message = _read(raw, (received.partition, received.offset, number), self._codes)
            if message is None:
                continue
            for webhook in self._catalog.webhooks(message.line.program):
                if received.recorded_at_ms >= _registered_ms(webhook) and (
                    not webhook.events or message.type in webhook.events
                ):
                    yield message, webhook

    async def _start(self, partition: int, webhook: Webhook, message: Message) -> "asyncio.Task[None]":
        if await self._sender.endpoint(webhook.id).admit():
            return self._spawn(self._deliver(partition, webhook, message))
        reason = "the receiver is failing and has too many deliveries in flight"
        return self._spawn(self._sender.store_dead_letter(webhook, message, reason))

    async def _deliver(self, partition: int, webhook: Webhook, message: Message) -> None:
        try:
            delivered = await self._sender.deliver(webhook, message)
        except Exception as error:  # noqa: BLE001 - the record is acknowledged, so the message must not be lost
            await self._sender.store_dead_letter(webhook, message, f"{type(error).__name__}: {error}")
            return
        if delivered and isinstance(message.line, RewardFulfilled):
            await self._report_delivered(partition, message.line)

    async def _finish(self, source: Partition, record: PendingRecord, tasks: "list[asyncio.Task[None]]") -> None:
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException):
                log.error("delivery ended in an error", error=f"{type(error).__name__}: {error}")
        self._order.finish(source, record)

    def _spawn(self, work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _registered_ms(webhook: Webhook) -> int:
    return to_ms(webhook.registered_at or webhook.recorded_at)


def _read(raw: bytes, position: tuple[int, int, int], codes: CodeSealer) -> Message | None:
    """The message of a line, if any. An unreadable line is logged only: the ledger fold writes the dead letter."""
    try:
        return message_of(raw, position, codes)
    except msgspec.MsgspecError as error:
        log.error("line not delivered", position=position, error=str(error))
        return None
