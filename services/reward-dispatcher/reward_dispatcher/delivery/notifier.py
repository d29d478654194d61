"""Turns lines that receivers are notified of into `delivery.scheduled` lines, one for each endpoint of the program.

A record is acknowledged once all its deliveries are on the log, and in the order of the log. A crash therefore schedules a message
again, under the same id, and never skips one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import msgspec
import structlog

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.events.deliveries import DeliveryScheduled, EndpointDisabled, EndpointFull, EndpointWarned, MessageContent
from referral.events.entities import Webhook
from referral.events.timestamps import to_datetime, to_ms
from referral.log.errors import LogUnavailable
from referral.log.records import split
from referral.telemetry.metrics import counter
from referral.topics import Topic
from reward_dispatcher.delivery.message_body import EndpointNotice
from reward_dispatcher.delivery.messages import LinePosition, message_id, message_of, message_type
from reward_dispatcher.delivery.ordered_ack import OrderedAck, PendingRecord
from reward_dispatcher.domain.mail_endpoint import mail_endpoint

WriteDelivery = Callable[[str, bytes], Awaitable[int]]
"""Writes a line under an endpoint's key; returns once it is durable."""
_MAX_RECORDS = 256  # in work at the same time
_PAUSE_S = 0.5
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReceivedRecord:
    """A record of a topic. `recorded_at_ms` is when its producer wrote it (ms)."""

    topic: Topic
    partition: int
    offset: int
    recorded_at_ms: int
    value: bytes


class Notifier:
    """Schedules messages; belongs to one event loop.

    `refresh` returns once the catalog has every webhook that was registered before the call. It raises LogUnavailable. `sends_mail`
    returns whether someone gets an e-mail about an endpoint.
    """

    def __init__(
        self,
        catalog: Catalog,
        refresh: Callable[[], Awaitable[None]],
        write: WriteDelivery,
        clock: Clock,
        sends_mail: Callable[[Webhook], bool] = lambda _: False,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._catalog = catalog
        self._refresh = refresh
        self._write = write
        self._clock = clock
        self._sends_mail = sends_mail
        self._pause = pause
        self._order = OrderedAck()
        self._places = asyncio.Semaphore(_MAX_RECORDS)
        self._tasks: set[asyncio.Task[None]] = set()

    async def dispatch(self, received: ReceivedRecord, acknowledge: Callable[[], object]) -> None:
        """Starts to schedule a record's messages; `acknowledge` is called when these and those of all earlier records are durable.

        Waits while too many records are in work.
        """
        await self._places.acquire()
        source = received.topic.name, received.partition
        record = self._order.begin(source, acknowledge)
        task = asyncio.get_running_loop().create_task(self._schedule(received, source, record))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def activity(self) -> tuple[int, int]:
        """Numbers that grow with each record received and each record acknowledged."""
        return self._order.begun, self._order.acknowledged

    def reset(self) -> None:
        """Stops acknowledging the records in work, after a rebalance: they are read again."""
        self._order.reset()

    async def _schedule(self, received: ReceivedRecord, source: tuple[str, int], record: PendingRecord) -> None:
        try:
            contents = list(_contents(received))
            if contents:
                await self._await_catalog()
            lines = [line for position, content in contents for line in self._lines(received, position, content)]
            await asyncio.gather(*[self._write(line.webhook, _encode(line)) for line in lines])
            self._order.finish(source, record)
        finally:
            self._places.release()

    async def _await_catalog(self) -> None:
        """A webhook that was registered before the record gets it."""
        while True:
            try:
                return await self._refresh()
            except LogUnavailable as error:
                log.warning("messages wait for the catalog", reason=str(error))
                await self._pause(_PAUSE_S)

    def _lines(
        self, received: ReceivedRecord, position: LinePosition, content: MessageContent
    ) -> Iterator[DeliveryScheduled]:
        """A line for each endpoint that the message is for."""
        now = to_datetime(self._clock.now_ms())
        for endpoint in self._endpoints(content, received.recorded_at_ms):
            yield DeliveryScheduled(
                occurred_at=now,
                program=content.program,
                webhook=endpoint,
                message=message_id(content, position),
                content=content,
            )

    def _endpoints(self, content: MessageContent, recorded_at_ms: int) -> Iterator[str]:
        """Webhooks that were registered before the record, for messages of this type; of the one that it is about, the contact."""
        for webhook in self._catalog.webhooks(content.program):
            if isinstance(content, EndpointNotice) and content.webhook == webhook.id:
                if self._sends_mail(webhook):
                    yield mail_endpoint(webhook.id)
            elif _is_for(webhook, content, recorded_at_ms):
                yield webhook.id


def _is_for(webhook: Webhook, content: MessageContent, recorded_at_ms: int) -> bool:
    wanted = not webhook.events or message_type(content) in webhook.events
    return wanted and recorded_at_ms >= to_ms(webhook.registered_at)


def _contents(received: ReceivedRecord) -> Iterator[tuple[LinePosition, MessageContent]]:
    """The lines that receivers are notified of. An unreadable line is logged only: a fold writes the dead letter."""
    for number, raw in enumerate(split(received.value)):
        position = LinePosition(received.topic.name, received.partition, received.offset, number)
        try:
            content = message_of(raw, received.topic)
        except msgspec.MsgspecError as error:
            log.error("line not delivered", position=position, error=str(error))
            continue
        if content is not None:
            _count_change(content)
            yield position, content


def _count_change(content: MessageContent) -> None:
    """Counts the warnings, limits and ends of endpoints, for alerts."""
    match content:
        case EndpointWarned():
            counter("webhook_endpoint_changes").labels(f"warned_{content.percent}").inc()
        case EndpointFull():
            counter("webhook_endpoint_changes").labels(f"full_{content.limit}").inc()
        case EndpointDisabled():
            counter("webhook_endpoint_changes").labels(f"disabled_{content.reason}").inc()
