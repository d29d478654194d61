"""The Faust worker: a courier for the rewards topic, and the ticker.

Faust serves what is concurrent, driven by time and harmless when repeated. Measured, it loses records when an agent
raises, when `take` gathers them, or when several are in work as the process dies; so we acknowledge by hand, in order.
"""

import asyncio
from collections.abc import AsyncIterable
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import faust
import msgspec
import structlog
from redis.asyncio import Redis

from referral.catalog.follower import CatalogFollower
from referral.clock import clock_from
from referral.config import Settings
from referral.events.rewards import RewardDelivered, RewardFulfilled
from referral.events.timestamps import to_datetime
from referral.http.health import Check, redis_check
from referral.http.ops_server import serve_ops
from referral.log.topic_admin import partition_count
from referral.redis_client import connect_for_http
from referral.telemetry.metrics import counter
from referral.topics import EVENTS, REWARDS, Topic
from reward_dispatcher.delivery.clock_ticker import ClockTicker, tick_line
from reward_dispatcher.delivery.connections import connections, post
from reward_dispatcher.delivery.dead_letters import RedisDeadLetterStore
from reward_dispatcher.delivery.sender import Sender
from reward_dispatcher.delivery.shutdown_watchdog import force_exit_after
from reward_dispatcher.delivery.webhook_dispatcher import WebhookDispatcher

_POLL_S = 0.2
_SHUTDOWN_S = 5.0  # a clean end takes two; Docker and our own supervisor kill after ten
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class _FaustWorker(faust.Worker):  # type: ignore[misc] # Faust ships no types
    """Faust's worker, which ends in time: without its broker it tries for ever to commit."""

    def _schedule_shutdown(self, signal: Any) -> None:
        force_exit_after(_SHUTDOWN_S)
        super()._schedule_shutdown(signal)


class DeliveryWorker:
    """One worker process: Faust's app and what its agent and timer use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = clock_from(settings.clock)
        self._ticks = ClockTicker(settings.tick_seconds)
        self._catalog = CatalogFollower(settings)
        self._dispatcher: WebhookDispatcher | None = None
        self._not_ready_reason: str | None = "not started yet"
        self.app = self._register_handlers(_app(settings))

    def run(self) -> None:
        """Delivers and ticks until SIGTERM or SIGINT."""
        self._catalog.start()
        with serve_ops(self._settings, self._checks()):
            try:
                _FaustWorker(
                    self.app, quiet=True, redirect_stdouts=False, override_logging=False
                ).execute_from_commandline()
            finally:
                self._catalog.stop()

    def _checks(self) -> dict[str, Check]:
        """Redis too: what cannot be delivered is kept there."""
        redis = redis_check(connect_for_http(self._settings))
        return {"delivery": lambda: self._not_ready_reason, "catalog": self._catalog.stale_reason, "redis": redis}

    def _register_handlers(self, app: Any) -> Any:
        rewards = app.topic(self._name(REWARDS), value_serializer="raw", value_type=bytes, internal=False)
        app.agent(rewards, name="courier")(self._deliver)
        app.timer(_POLL_S, name="ticker")(self._tick)
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        return app

    async def _deliver(self, stream: Any) -> None:
        """The agent. Faust must never see it raise."""
        courier = await self._ready_dispatcher()
        async for event in _events(stream):
            message = event.message
            await courier.dispatch(message.topic, message.partition, message.offset, event.value or b"", event.ack)

    async def _ready_dispatcher(self) -> WebhookDispatcher:
        """The courier, once the catalog tells whom to deliver to."""
        while self._catalog.stale_reason() is not None:
            await asyncio.sleep(_POLL_S)
        if self._dispatcher is None:
            self._dispatcher = WebhookDispatcher(self._catalog.view, _sender(self._settings), self._report_delivered)
        return self._dispatcher

    async def _report_delivered(self, partition: int, line: RewardFulfilled) -> None:
        """Says that the platform was told. Not saying it harms nobody: the reward stays `fulfilled`."""
        news = RewardDelivered(
            occurred_at=to_datetime(self._clock.now_ms()),
            program=line.program,
            id=line.id,
            beneficiary=line.beneficiary,
        )
        try:
            await self._write(REWARDS, partition, _encode(news))
        except Exception as error:  # noqa: BLE001 - whatever the client raises
            log.warning("delivery not recorded", reward=line.id, error=f"{type(error).__name__}: {error}")

    async def _tick(self) -> None:
        """The timer. A tick that does not reach every partition is said again."""
        moment_ms = self._ticks.due(self._clock.now_ms())
        if moment_ms is None:
            return
        everywhere = range(partition_count(EVENTS, self._settings))
        try:
            await asyncio.gather(*[self._write(EVENTS, partition, tick_line(moment_ms)) for partition in everywhere])
        except Exception as error:  # noqa: BLE001 - whatever the client raises
            log.warning("the clock could not tick", error=f"{type(error).__name__}: {error}")
            return
        self._ticks.mark_written(moment_ms)
        counter("clock_ticks").inc()

    async def _write(self, topic: Topic, partition: int, line: bytes) -> None:
        seconds = self._clock.now_ms() / 1000
        await self.app.producer.send_and_wait(self._name(topic), None, line, partition, seconds, None)

    async def _on_revoked(self, *_: object, **__: object) -> None:
        self._not_ready_reason = "partitions are being dealt"
        if self._dispatcher is not None:
            self._dispatcher.reset()

    async def _on_assigned(self, *_: object, **__: object) -> None:
        self._not_ready_reason = None

    def _name(self, topic: Topic) -> str:
        return self._settings.topic_prefix + topic.name


def _events(stream: Any) -> AsyncIterable[Any]:
    """Faust's events, acknowledged by us."""
    return stream.noack().events()  # type: ignore[no-any-return] # Faust ships no types


def _sender(settings: Settings) -> Sender:
    pool = connections(loopback=settings.webhook_loopback)

    async def send(url: str, headers: dict[str, str], body: bytes, within: float) -> int:
        return await post(pool, url, headers, body, within)

    return Sender(send, RedisDeadLetterStore(Redis.from_url(settings.redis, socket_timeout=2.0)))


def _app(settings: Settings) -> Any:
    member = f"{settings.topic_prefix}delivery-{settings.worker}" if settings.worker else None
    return faust.App(
        f"{settings.topic_prefix}delivery",
        broker=[f"kafka://{server.strip()}" for server in settings.kafka.split(",")],
        broker_commit_interval=1.0,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_request_timeout=10.0,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=member,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        datadir=Path(gettempdir()) / f"{settings.topic_prefix}delivery",
    )


def run(settings: Settings) -> None:
    """Runs the worker in this process."""
    DeliveryWorker(settings).run()
