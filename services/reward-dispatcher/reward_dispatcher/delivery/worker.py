"""The delivery worker: schedules messages, sends them, and writes the ticks of the clock.

It runs on Faust, which suits work that is concurrent, driven by time, and harmless when repeated.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from threading import Event
from typing import Any

import msgspec
import structlog

from referral.catalog.follower import CatalogFollower
from referral.clock import clock_from
from referral.config import Settings
from referral.events.rewards import RewardDelivered, RewardFulfilled, reward_key
from referral.events.timestamps import to_datetime
from referral.http.health import Check, redis_check
from referral.http.ops_server import serve_ops
from referral.log.acls import topic_operations
from referral.log.errors import LogUnavailable
from referral.log.progress_monitor import ProgressMonitor, TopicEnds, unassigned, waiting_records
from referral.log.progress_watch import Backlog
from referral.log.topic_admin import partition_count
from referral.log.topic_check import LogStartup
from referral.mail import mailer_of
from referral.redis_client import connect_for_folds, connect_for_http
from referral.telemetry.metrics import counter, gauge
from referral.topics import DELIVERIES, EVENTS, REWARDS, Topic, partition_of
from reward_dispatcher.delivery.attempts import Attempts
from reward_dispatcher.delivery.catalog_refresh import CatalogRefresh
from reward_dispatcher.delivery.clock_ticker import ClockTicker, tick_line
from reward_dispatcher.delivery.connections import receiver_connections
from reward_dispatcher.delivery.delivery_loop import DeliveryLoop
from reward_dispatcher.delivery.digest_attempts import DigestAttempts
from reward_dispatcher.delivery.digest_client import DigestClient
from reward_dispatcher.delivery.digest_scheduler import DigestScheduler
from reward_dispatcher.delivery.due_reader import DueReader
from reward_dispatcher.delivery.endpoint_queue import Endpoint
from reward_dispatcher.delivery.excerpts import write_excerpts
from reward_dispatcher.delivery.faust_app import GROUP, create_faust_app, event_loops, events_without_ack, run_faust_app
from reward_dispatcher.delivery.hints import hints_of
from reward_dispatcher.delivery.line_writer import LineWriter
from reward_dispatcher.delivery.message_body import MessageBodies
from reward_dispatcher.delivery.message_writer import MessageWriter
from reward_dispatcher.delivery.notifier import Notifier, ReceivedRecord
from reward_dispatcher.delivery.promoter_attempts import PromoterAttempts
from reward_dispatcher.delivery.promoter_bodies import PromoterBodies
from reward_dispatcher.delivery.promoter_channels import channels_of
from reward_dispatcher.delivery.promoter_facts import PromoterFacts
from reward_dispatcher.delivery.sender import Sender
from reward_dispatcher.delivery.warning_mail import WarningMails
from reward_dispatcher.delivery.wechat_wiring import Wechat
from reward_dispatcher.sealed_codes import CodeSealer

_SERVICE = "reward-dispatcher"
_CATALOG_POLL_S = 0.2
_CATALOG_TIMEOUT_S = 5.0
_TICKER_S = 1.0  # how late a tick may be
_DELIVERIES_TICK_S = 3600  # ended deliveries are forgotten by the hour
_EXCERPTS_S = 1.0
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class DeliveryWorker:
    """One worker process: the Faust app and what its agent and timer use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = clock_from(settings.clock)
        self._tickers = {EVENTS: ClockTicker(settings.tick_seconds), DELIVERIES: ClockTicker(_DELIVERIES_TICK_S)}
        self._catalog = CatalogFollower(settings)
        self._startup = LogStartup(settings, topic_operations(_SERVICE))
        self._redis = connect_for_folds(settings)  # used in threads beside the event loop
        self._not_ready_reason: str | None = "not started yet"
        self._assigned: frozenset[int] = frozenset()
        self._ends = TopicEnds(settings, REWARDS, GROUP)
        self._monitor = ProgressMonitor("delivery", settings, self._ends, self._backlogs, lambda: event_loops(self.app))
        self._writers = {topic: LineWriter(topic.name, self._sender_to(topic)) for topic in (DELIVERIES, REWARDS)}
        self._refresh = CatalogRefresh(lambda: self._catalog.read_to_end(_CATALOG_TIMEOUT_S))
        self._mails = WarningMails(mailer_of(settings), settings.key_ring(), settings.smtp_contact)
        self._wechat = Wechat.of(
            settings, self._redis, self._catalog, self._refresh.refresh, self._write_delivery, self._clock
        )
        self._notifier = Notifier(
            self._catalog.view, self._refresh.refresh, self._write_delivery, self._clock, self._mails.is_wanted
        )
        self._digests = DigestScheduler(self._catalog.view, self._write_delivery, self._clock)
        self._loop = self._delivery_loop()
        self.app = self._register_handlers(create_faust_app(settings))

    def _delivery_loop(self) -> DeliveryLoop:
        ring = self._settings.key_ring()
        facts = PromoterFacts(self._redis, self._settings.partitions)
        writer = MessageWriter(self._settings, self._catalog.view, self._clock)
        handed_over = PromoterBodies(facts, writer, self._catalog.people)
        bodies = MessageBodies(self._catalog.people, CodeSealer(ring), self._refresh.refresh, handed_over)
        receivers = receiver_connections(loopback=self._settings.webhook_loopback)
        promoters = PromoterAttempts(
            channels_of(self._settings, self._catalog.view, self._write_delivery, self._clock, self._wechat.channels),
            facts,
            writer,
            self._catalog.people,
            self._catalog.view,
            self._write_delivery,
            self._clock,
        )
        sender = Sender(
            receivers.post,
            bodies.build,
            ring,
            self._clock,
            self._mails,
            self._wechat.messages,
            promoters=promoters,
            digests=DigestAttempts(
                receivers.post,
                mailer_of(self._settings),
                DigestClient(self._settings.leaderboard, ring),
                self._catalog.view,
                ring,
                self._clock,
            ),
        )
        ends = TopicEnds(self._settings, DELIVERIES)

        def attempts_of(ended: Callable[[Endpoint], None]) -> Attempts:
            return Attempts(sender, self._write_delivery, self._report_delivered, self._clock, ended)

        return DeliveryLoop(
            DueReader(self._redis), ends.read, self._catalog.view, attempts_of, self._clock, promoters.opens_ms
        )

    def run(self) -> None:
        """Delivers and ticks until SIGTERM or SIGINT."""
        if not self._settings.smtp_host:
            log.info("warnings about webhooks are not sent by e-mail", reason="REFERRAL_SMTP_HOST is not set")
        self._catalog.start()
        with serve_ops(self._settings, self._checks()):
            try:
                self._startup.wait(Event())  # SIGTERM and SIGINT still end the process
                with self._monitor.running():
                    run_faust_app(self.app)
            finally:
                self._catalog.stop()

    def _checks(self) -> dict[str, Check]:
        """Redis too: what is due is read there."""
        redis = redis_check(connect_for_http(self._settings))
        progress = self._monitor.not_ready_reason
        return {
            "delivery": self._delivery_reason,
            "progress": progress,
            "catalog": self._catalog.stale_reason,
            "redis": redis,
        }

    def _delivery_reason(self) -> str | None:
        return self._startup.reason or self._not_ready_reason

    def _backlogs(self, ends: Mapping[int, int]) -> Mapping[str, Backlog] | None:
        """What waits for this worker, as one: a receiver that is slow delays all partitions. Called by the monitor's thread.

        None while the worker waits for the catalog, which a restart would not bring back.
        """
        if self._catalog.stale_reason() is not None:
            return None
        if self._not_ready_reason is not None:
            return unassigned(ends)
        committed = self._ends.committed()
        positions = {number: committed[number] for number in self._assigned if number in committed}
        waiting = waiting_records(ends, positions)
        for number in ends:
            gauge("delivery_lag_records").labels(str(number)).set(waiting.get(number, 0))
        notified = Backlog(sum(waiting.values()), (self._notifier.activity(), tuple(sorted(positions.items()))))
        return {"delivery": notified, "sending": Backlog(1, self._loop.rounds)}

    def _register_handlers(self, app: Any) -> Any:
        for topic in (REWARDS, DELIVERIES):
            stream = app.topic(self._topic_name(topic), value_serializer="raw", value_type=bytes, internal=False)
            app.agent(stream, name=f"notify-{topic.name}")(self._agent(topic))
        app.task(self._send)
        app.timer(_TICKER_S, name="ticker")(self._tick)
        app.timer(_TICKER_S, name="digests")(self._schedule_digests)
        app.timer(_EXCERPTS_S, name="excerpts")(self._store_excerpts)
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        return app

    def _agent(self, topic: Topic) -> Any:
        async def receive(stream: Any) -> None:
            await self._receive(topic, stream)

        return receive

    async def _receive(self, topic: Topic, stream: Any) -> None:
        """The agent of a topic. It must not raise: Faust would lose records."""
        await self._catalog_is_read()
        async for event in events_without_ack(stream):
            received = _received(topic, event.message, event.value)
            if topic is DELIVERIES:
                await self._wechat.openings.apply(received.value)
                await self._notice(received)
            await self._notifier.dispatch(received, event.ack)

    async def _notice(self, received: ReceivedRecord) -> None:
        """Lets the loop look at the endpoints of a record; after a request, with the webhooks as they were changed before it."""
        hints = list(hints_of(received.value))
        if any(hint.on_request for hint in hints):
            try:
                await self._refresh.refresh()
            except LogUnavailable as error:
                log.info("sending with the webhooks as last known", reason=str(error))
        for hint in hints:
            self._loop.notice(hint.webhook, received.partition, received.offset)

    async def _send(self) -> None:
        """The task that sends what is due."""
        await self._catalog_is_read()
        await self._loop.run()

    async def _catalog_is_read(self) -> None:
        """Returns once the catalog of webhooks has been read."""
        while self._catalog.stale_reason() is not None:
            await asyncio.sleep(_CATALOG_POLL_S)

    async def _report_delivered(self, line: RewardFulfilled) -> None:
        """Writes that a receiver was notified of a reward."""
        delivered = RewardDelivered(
            occurred_at=to_datetime(self._clock.now_ms()),
            program=line.program,
            id=line.id,
            beneficiary=line.beneficiary,
        )
        partition = partition_of(reward_key(line), partition_count(REWARDS, self._settings))
        await self._writers[REWARDS].write(partition, _encode(delivered))

    async def _write_delivery(self, webhook: str, line: bytes) -> int:
        partition = partition_of(webhook, partition_count(DELIVERIES, self._settings))
        return await self._writers[DELIVERIES].write(partition, line)

    async def _tick(self) -> None:
        """The timer. A tick that does not reach every partition is written again."""
        for topic, ticker in self._tickers.items():
            tick_ms = ticker.due(self._clock.now_ms())
            if tick_ms is not None and await self._write_tick(topic, tick_ms):
                ticker.mark_written(tick_ms)
                counter("clock_ticks").inc()

    async def _schedule_digests(self) -> None:
        """The timer of digests. What is not written is due again."""
        if self._catalog.stale_reason() is not None:
            return
        try:
            await self._digests.schedule_due()
        except Exception as error:  # noqa: BLE001 - whatever the client raises
            log.warning("digests not scheduled", error=f"{type(error).__name__}: {error}")

    async def _write_tick(self, topic: Topic, tick_ms: int) -> bool:
        send = self._sender_to(topic)
        partitions = range(partition_count(topic, self._settings))
        try:
            await asyncio.gather(*[send(partition, tick_line(tick_ms)) for partition in partitions])
        except Exception as error:  # noqa: BLE001 - whatever the client raises
            log.warning("tick not written", topic=topic.name, error=f"{type(error).__name__}: {error}")
            return False
        return True

    async def _store_excerpts(self) -> None:
        """The timer that stores what receivers answered. A failure is logged: they are a help, and no more."""
        attempts = self._loop.attempts
        excerpts, attempts.excerpts = attempts.excerpts, {}
        if not excerpts:
            return
        try:
            await asyncio.to_thread(write_excerpts, self._redis, excerpts)
        except Exception as error:  # noqa: BLE001 - whatever the client raises
            log.warning("answers of receivers not stored", error=f"{type(error).__name__}: {error}")

    def _sender_to(self, topic: Topic) -> Any:
        name = self._topic_name(topic)

        async def send(partition: int, record: bytes) -> int:
            seconds = self._clock.now_ms() / 1000
            written = await self.app.producer.send_and_wait(name, None, record, partition, seconds, None)
            return int(written.offset)

        return send

    async def _on_revoked(self, *_: object, **__: object) -> None:
        self._not_ready_reason = "partitions are being reassigned"
        self._notifier.reset()

    async def _on_assigned(self, _: object, assigned: Iterable[Any] = (), **__: object) -> None:
        by_topic = {topic: self._topic_name(topic) for topic in (REWARDS, DELIVERIES)}
        self._assigned = frozenset(one.partition for one in assigned if one.topic == by_topic[REWARDS])
        self._loop.assign(one.partition for one in assigned if one.topic == by_topic[DELIVERIES])
        self._not_ready_reason = None

    def _topic_name(self, topic: Topic) -> str:
        return self._settings.topic_prefix + topic.name


def _received(topic: Topic, message: Any, value: bytes | None) -> ReceivedRecord:
    recorded_at_ms = round((message.timestamp or 0) * 1000)  # Faust has seconds
    return ReceivedRecord(topic, message.partition, message.offset, recorded_at_ms, value or b"")


def run(settings: Settings) -> None:
    """Runs the worker in this process."""
    DeliveryWorker(settings).run()
