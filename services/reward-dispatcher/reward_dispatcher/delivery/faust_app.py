"""The Faust application of the delivery worker, as untyped as Faust is.

Measured, Faust loses records if an agent raises, if `take` groups them, or if several are in work when the process is killed. So
the dispatcher acknowledges records itself, in order (`events_without_ack`).
"""

from asyncio import AbstractEventLoop
from collections.abc import AsyncIterable
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import faust

from referral.config import Settings
from referral.log.security import tls_context, uses_password
from reward_dispatcher.delivery.shutdown_watchdog import force_exit_after

GROUP = "delivery"
"""The consumer group of the worker, without the prefix of this system."""
_SHUTDOWN_S = 5.0  # a graceful shutdown takes two; Docker and our own supervisor kill after ten


def create_faust_app(settings: Settings) -> Any:
    """Returns a Faust app that reads from where its consumer group stopped."""
    member = f"{settings.topic_prefix}delivery-{settings.worker}" if settings.worker else None
    return faust.App(
        f"{settings.topic_prefix}{GROUP}",
        broker=[f"kafka://{server.strip()}" for server in settings.kafka.split(",")],
        broker_credentials=_credentials(settings),
        broker_commit_interval=1.0,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        broker_request_timeout=10.0,
        producer_acks=-1,  # all replicas in sync; it is not idempotent: ticks and reports of deliveries may be repeated
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=member,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        datadir=Path(gettempdir()) / f"{settings.topic_prefix}delivery",
    )


def _credentials(settings: Settings) -> Any:
    """TLS and password as Faust takes them; None for a broker that needs neither."""
    context = tls_context(settings)
    if uses_password(settings):
        return faust.SASLCredentials(
            username=settings.kafka_user,
            password=settings.kafka_password,
            ssl_context=context,
            mechanism=settings.kafka_mechanism,
        )
    return faust.SSLCredentials(context) if context is not None else None


def run_faust_app(app: Any) -> None:
    """Runs the app in this process until SIGTERM or SIGINT."""
    _FaustWorker(app, quiet=True, redirect_stdouts=False, override_logging=False).execute_from_commandline()


def events_without_ack(stream: Any) -> AsyncIterable[Any]:
    """Returns the events of a stream, which the caller acknowledges."""
    return stream.noack().events()  # type: ignore[no-any-return] # Faust ships no types


def event_loops(app: Any) -> list[AbstractEventLoop]:
    """Returns the loops of a running app: its own, and that of the thread in which its consumer talks to the broker."""
    return [app.loop, app.consumer._thread.thread_loop]


class _FaustWorker(faust.Worker):  # type: ignore[misc] # Faust ships no types
    """Faust's worker, with a time limit for its shutdown: without its broker it would retry the commit for ever."""

    def _schedule_shutdown(self, signal: Any) -> None:
        force_exit_after(_SHUTDOWN_S)
        super()._schedule_shutdown(signal)
