"""Kafka clients with this system's settings: they fail fast, reconnect fast, and write durably.

kafka-python 3.0.12 leaks a running thread for every client that finds no broker, so a handshake comes before each.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import (
    InvalidReplicationFactorError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    UnknownTopicOrPartitionError,
)
from kafka.net.compat import KafkaNetClient

from referral.config import Settings
from referral.log.errors import AccessDenied, ConnectionDropped
from referral.log.handshake import handshake
from referral.log.security import client_options
from referral.log.selector import Selector

# The broker answers at once if there is a record; without one, each answer costs both sides the same as one with records.
FETCH_WAIT_MS = 1_000
# A third of the session time-out, after which the partitions of a worker that was killed go to the others.
_SESSION_TIMEOUT_MS, _HEARTBEAT_MS = 6_000, 2_000

_Client_co = TypeVar("_Client_co", covariant=True)
_Result = TypeVar("_Result")
_PAUSE_S = 0.05  # between attempts
# The broker that was asked is away, or has not read yet of a topic that another one has; too few brokers have registered yet.
_PASSING = (KafkaConnectionError, UnknownTopicOrPartitionError, InvalidReplicationFactorError)
_REPEAT_S = 0.25

# A restarted broker is found within a second; kafka-python's defaults back off up to half a minute.
_RECONNECT = {"reconnect_backoff_ms": 50, "reconnect_backoff_max_ms": 1000, "retry_backoff_ms": 100}


class _ClientClass(Protocol[_Client_co]):
    """A class of kafka-python's clients."""

    def __call__(self, **options: object) -> _Client_co: ...


def create_producer(settings: Settings, *, delivery_timeout_ms: int) -> KafkaProducer:
    """An idempotent producer that waits for all replicas and fails a record after `delivery_timeout_ms`.

    Raises KafkaTimeoutError if no broker accepts connections.
    """
    return _open(
        KafkaProducer,
        settings,
        0,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        batch_size=1024 * 1024,
        max_request_size=8 * 1024 * 1024,
        delivery_timeout_ms=delivery_timeout_ms,
        request_timeout_ms=min(delivery_timeout_ms, 10_000),
        max_block_ms=delivery_timeout_ms,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def discard(failed: KafkaProducer) -> None:
    """Drops a producer that failed a record: it may never send again (kafka-python 3.0.12).

    `close` raises if it still holds records; they fail by themselves at their delivery time-out.
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
    """A consumer without automatic commits that starts at the beginning of a partition without a committed offset.

    With `member` (one per worker slot) the membership is static: a restarted worker gets its partitions back at once.
    `fetch_bytes` is the fetch size per partition. Raises KafkaTimeoutError if no broker accepts connections within
    `connect_timeout_ms`.
    """
    return _open(
        KafkaConsumer,
        settings,
        connect_timeout_ms,
        group_id=group,
        group_instance_id=member,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        max_poll_records=500,
        max_partition_fetch_bytes=fetch_bytes,
        session_timeout_ms=_SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=_HEARTBEAT_MS,
        request_timeout_ms=10_000,
        metadata_max_age_ms=30_000,
        metrics_enabled=False,
    )


def create_admin_client(settings: Settings, timeout_ms: int = 10_000) -> KafkaAdminClient:
    """A client for topic administration. It and its requests raise KafkaTimeoutError if no broker answers in time."""
    return _open(
        KafkaAdminClient,
        settings,
        timeout_ms,
        bootstrap_timeout_ms=timeout_ms,
        request_timeout_ms=timeout_ms,
    )


def administer(settings: Settings, timeout_ms: int, action: Callable[[KafkaAdminClient], _Result]) -> _Result:
    """The result of an action with a client for administration.

    The client sends a request to one broker, which may be the one that is away, or that lags behind the others: then the action is
    repeated until it succeeds or `timeout_ms` have passed. Raises kafka's errors.
    """
    deadline = time.monotonic() + timeout_ms / 1000
    while True:
        client = create_admin_client(settings, timeout_ms)
        try:
            return action(client)
        except _PASSING:
            if time.monotonic() > deadline:
                raise
        finally:
            client.close()
        time.sleep(_REPEAT_S)


def _open(kind: _ClientClass[_Client_co], settings: Settings, connect_timeout_ms: int, **options: object) -> _Client_co:
    """A client of this kind, once a broker accepts the connection.

    One that gets no answer afterwards is closed: kafka-python 3.0.12 would leave its thread and its connection behind.
    """
    _wait_for_broker(settings, connect_timeout_ms)
    connections: list[KafkaNetClient] = []

    def connect(**config: object) -> KafkaNetClient:
        connections.append(KafkaNetClient(**config))
        return connections[-1]

    try:
        return kind(
            bootstrap_servers=settings.kafka,
            kafka_client=connect,
            selector=Selector,
            **client_options(settings),
            **_RECONNECT,
            **options,
        )
    except BaseException as error:
        for connection in connections:
            connection.close()
        if isinstance(error, KafkaTimeoutError):
            raise KafkaTimeoutError(
                f"Kafka at {settings.kafka} accepts connections but does not answer: check the broker, and whether its listener"
                f" uses {settings.kafka_security} (REFERRAL_KAFKA_SECURITY)"
            ) from error
        raise


def _wait_for_broker(settings: Settings, timeout_ms: int) -> None:
    """Returns once a bootstrap server accepts the connection.

    Raises AccessDenied if those that answer refuse this process, KafkaTimeoutError if none answers within `timeout_ms`. Dropped
    connections are tried again until then: the broker may be restarting.
    """
    deadline = time.monotonic() + timeout_ms / 1000
    while True:
        reason = _refusal_reason(settings)
        if reason is None:
            return
        if time.monotonic() >= deadline or (
            isinstance(reason, AccessDenied) and not isinstance(reason, ConnectionDropped)
        ):
            raise reason
        time.sleep(_PAUSE_S)


def _refusal_reason(settings: Settings) -> KafkaError | None:
    """None if a bootstrap server accepts the connection; otherwise why none does."""
    reason = KafkaTimeoutError(f"no Kafka broker accepts connections at {settings.kafka}")
    for server in settings.kafka.split(","):
        try:
            handshake(server, settings)
        except AccessDenied as error:
            reason = error
        except OSError:
            continue
        else:
            return None
    return reason
