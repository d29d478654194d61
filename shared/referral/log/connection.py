"""Kafka clients with this system's settings: quick to fail, quick to come back, durable.

kafka-python 3.0.12 leaves a running thread behind for every client that finds no broker, so we knock before we make one.
"""

import contextlib
import socket
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from referral.config import Settings

# A broker that comes back is found within a second; kafka-python's defaults back off to half a minute.
_RECONNECT = {"reconnect_backoff_ms": 50, "reconnect_backoff_max_ms": 1000, "retry_backoff_ms": 100}


def create_producer(settings: Settings, *, delivery_timeout_ms: int) -> KafkaProducer:
    """An idempotent producer that waits for all replicas and gives a record up after `delivery_timeout_ms`.

    Raises KafkaTimeoutError when no broker answers.
    """
    _wait_for_broker(settings, 0)
    return KafkaProducer(
        bootstrap_servers=settings.kafka,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        batch_size=1024 * 1024,
        max_request_size=8 * 1024 * 1024,
        delivery_timeout_ms=delivery_timeout_ms,
        request_timeout_ms=min(delivery_timeout_ms, 10_000),
        max_block_ms=min(delivery_timeout_ms, 2_000),
        allow_auto_create_topics=False,
        metrics_enabled=False,
        **_RECONNECT,
    )


def discard(failed: KafkaProducer) -> None:
    """Lets go of a producer that gave a record up: it may never send again (kafka-python 3.0.12).

    `close` raises where it still holds records; they fail by themselves when their time is over.
    """
    with contextlib.suppress(KafkaError):
        failed.close(timeout=0)


def create_consumer(
    settings: Settings,
    *,
    group: str | None = None,
    member: str | None = None,
    connect_timeout_ms: int = 30_000,
    fetch_bytes: int = 4 * 1024 * 1024,
) -> KafkaConsumer:
    """A consumer that commits only when told to, and starts at the beginning where nothing was committed.

    With `member` (one per worker slot) the membership is static: a worker that comes back takes its partitions at once.
    `fetch_bytes` is asked for at once, of each partition. Raises KafkaTimeoutError when no broker takes connections within
    `patience_ms`.
    """
    _wait_for_broker(settings, connect_timeout_ms)
    return KafkaConsumer(
        bootstrap_servers=settings.kafka,
        group_id=group,
        group_instance_id=member,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        fetch_max_wait_ms=100,
        max_poll_records=500,
        max_partition_fetch_bytes=fetch_bytes,
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_000,
        request_timeout_ms=10_000,
        metadata_max_age_ms=30_000,
        metrics_enabled=False,
        **_RECONNECT,
    )


def create_admin_client(settings: Settings, timeout_ms: int = 10_000) -> KafkaAdminClient:
    """An administrator's client. Raises KafkaTimeoutError when no broker answers within the time-out, as its requests do."""
    _wait_for_broker(settings, timeout_ms)
    return KafkaAdminClient(
        bootstrap_servers=settings.kafka,
        bootstrap_timeout_ms=timeout_ms,
        request_timeout_ms=timeout_ms,
        **_RECONNECT,
    )


def _wait_for_broker(settings: Settings, patience_ms: int) -> None:
    """Returns once a bootstrap server takes connections. Raises KafkaTimeoutError when none has within `patience_ms`."""
    deadline = time.monotonic() + patience_ms / 1000
    while not any(_accepts_connections(server) for server in settings.kafka.split(",")):
        if time.monotonic() >= deadline:
            raise KafkaTimeoutError(f"no Kafka broker accepts connections at {settings.kafka}")
        time.sleep(0.05)


def _accepts_connections(server: str) -> bool:
    host, _, port = server.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), timeout=1):
        return True
    return False
