"""The delivery worker: dispatches the rewards topic to webhooks and writes the ticks of the clock.

It runs on Faust, which suits work that is concurrent, driven by time, and harmless when repeated.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from socket import gethostname
from threading import Event
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis

from referral.catalog.follower import CatalogFollower
from referral.clock import clock_from
from referral.config import Settings
from referral.events.rewards import RewardDelivered, RewardFulfilled
from referral.events.timestamps import to_datetime, to_ms
from referral.http.health import Check, redis_check
from referral.http.ops_server import serve_ops
from referral.log.acls import topic_operations
from referral.log.progress_monitor import ProgressMonitor, TopicEnds, unassigned, waiting_records
from referral.log.progress_watch import Backlog
from referral.log.topic_admin import partition_count
from referral.log.topic_check import LogStartup
from referral.redis_client import connect_async, connect_for_http
from referral.telemetry.metrics import counter, gauge
from referral.topics import EVENTS, REWARDS, Topic
from reward_dispatcher.delivery.clock_ticker import ClockTicker, tick_line
from reward_dispatcher.delivery.connections import connections, post
from reward_dispatcher.delivery.dead_letters import RedisDeadLetterStore
from reward_dispatcher.delivery.faust_app import GROUP, create_faust_app, events_without_ack, run_faust_app
from reward_dispatcher.delivery.sender import Sender
from reward_dispatcher.delivery.webhook_dispatcher import ReceivedRecord, WebhookDispatcher
from reward_dispatcher.sealed_codes import CodeSealer
from reward_dispatcher.webhook_status import write_reports

_SERVICE = "reward-dispatcher"
_POLL_S = 0.2
_REPORT_S = 1.0
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class DeliveryWorker:
    """One worker process: the Faust app and what its agent and timer use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = clock_from(settings.clock)
        self._ticker = ClockTicker(settings.tick_seconds)
        self._catalog = CatalogFollower(settings)
        self._startup = LogStartup(settings, topic_operations(_SERVICE))
        self._dispatcher: WebhookDispatcher | None = None
        self._redis = connect_async(settings)
        self._not_ready_reason: str | None = "not started yet"
        self._assigned: frozenset[int] = frozenset()
        self._ends = TopicEnds(settings, REWARDS, GROUP)
        self._monitor = ProgressMonitor("delivery", settings, self._ends, self._backlogs)
        self.app = self._register_handlers(create_faust_app(settings))

    def run(self) -> None:
        """Delivers and ticks until SIGTERM or SIGINT."""
        self._catalog.start()
        with serve_ops(self._settings, self._checks()):
            try:
                self._startup.wait(Event())  # SIGTERM and SIGINT still end the process
                with self._monitor.running():
                    run_faust_app(self.app)
            finally:
                self._catalog.stop()

    def _checks(self) -> dict[str, Check]:
        """Redis too: dead letters are stored there."""
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
        activity = self._dispatcher.activity() if self._dispatcher is not None else None
        return {"delivery": Backlog(sum(waiting.values()), (activity, tuple(sorted(positions.items()))))}

    def _register_handlers(self, app: Any) -> Any:
        rewards = app.topic(self._topic_name(REWARDS), value_serializer="raw", value_type=bytes, internal=False)
        app.agent(rewards, name="dispatcher")(self._deliver)
        app.timer(_POLL_S, name="ticker")(self._tick)
        app.timer(_REPORT_S, name="reporter")(self._report_status)
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        return app

    async def _deliver(self, stream: Any) -> None:
        """The agent. It must not raise: Faust would lose records."""
        dispatcher = await self._ready_dispatcher()
        async for event in events_without_ack(stream):
            await dispatcher.dispatch(_received(event.message, event.value), event.ack)

    async def _ready_dispatcher(self) -> WebhookDispatcher:
        """The dispatcher, once the catalog of webhooks has been read."""
        while self._catalog.stale_reason() is not None:
            await asyncio.sleep(_POLL_S)
        if self._dispatcher is None:
            codes = CodeSealer(self._settings.key_ring())
            sender = _sender(self._settings, self._redis)
            self._dispatcher = WebhookDispatcher(self._catalog.view, sender, codes, self._report_delivered)
        return self._dispatcher

    async def _report_delivered(self, partition: int, line: RewardFulfilled) -> None:
        """Writes that a receiver was notified. A failure is only logged: the reward then stays `fulfilled`."""
        try:
            delivered = RewardDelivered(
                occurred_at=to_datetime(self._clock.now_ms()),
                program=line.program,
                id=line.id,
                beneficiary=line.beneficiary,
            )
            await self._write(REWARDS, partition, _encode(delivered))
        except Exception as error:  # noqa: BLE001 - whatever the client raises
            log.warning("delivery not recorded", reward=line.id, error=f"{type(error).__name__}: {error}")

    async def _tick(self) -> None:
        """The timer. A tick that does not reach every partition is written again."""
        tick_ms = self._ticker.due(self._clock.now_ms())
        if tick_ms is None:
            return
        partitions = range(partition_count(EVENTS, self._settings))
        try:
            await asyncio.gather(*[self._write(EVENTS, partition, tick_line(tick_ms)) for partition in partitions])
        except Exception as error:  # noqa: BLE001 - whatever the client raises
            log.warning("tick not written", error=f"{type(error).__name__}: {error}")
            return
        self._ticker.mark_written(tick_ms)
        counter("clock_ticks").inc()

    async def _report_status(self) -> None:
        """The timer that reports the state of each webhook. A failure is logged: the next report has the same."""
        now_ms = to_ms(datetime.now(UTC))
        reports = self._dispatcher.reports(now_ms) if self._dispatcher is not None else {}
        if not reports:
            return
        try:
            await write_reports(self._redis, self._settings.worker or gethostname(), reports)
        except Exception as error:  # noqa: BLE001 - whatever the client raises
            log.warning("state of webhooks not reported", error=f"{type(error).__name__}: {error}")

    async def _write(self, topic: Topic, partition: int, line: bytes) -> None:
        seconds = self._clock.now_ms() / 1000
        await self.app.producer.send_and_wait(self._topic_name(topic), None, line, partition, seconds, None)

    async def _on_revoked(self, *_: object, **__: object) -> None:
        self._not_ready_reason = "partitions are being reassigned"
        if self._dispatcher is not None:
            self._dispatcher.reset()

    async def _on_assigned(self, _: object, assigned: Iterable[Any] = (), **__: object) -> None:
        topic = self._topic_name(REWARDS)
        self._assigned = frozenset(one.partition for one in assigned if one.topic == topic)
        self._not_ready_reason = None

    def _topic_name(self, topic: Topic) -> str:
        return self._settings.topic_prefix + topic.name


def _received(message: Any, value: bytes | None) -> ReceivedRecord:
    recorded_at_ms = round((message.timestamp or 0) * 1000)  # Faust has seconds
    return ReceivedRecord(message.topic, message.partition, message.offset, recorded_at_ms, value or b"")


def _sender(settings: Settings, redis: "Redis") -> Sender:
    pool = connections(loopback=settings.webhook_loopback)

    async def send(url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> int:
        return await post(pool, url, headers, body, timeout_s)

    return Sender(send, settings.key_ring(), RedisDeadLetterStore(redis))


def run(settings: Settings) -> None:
    """Runs the worker in this process."""
    DeliveryWorker(settings).run()
