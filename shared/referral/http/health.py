"""Liveness (/healthz), readiness with reasons (/readyz) and metrics (/metrics) of services and workers."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from types import MappingProxyType

import msgspec
from flask import Blueprint, Response
from kafka import KafkaAdminClient
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client import REGISTRY as DEFAULT_REGISTRY
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from redis import Redis
from redis.exceptions import RedisError

from referral.config import Settings
from referral.http.rate_limit import without_rate_limit
from referral.log.acls import TopicOperations
from referral.log.connection import create_admin_client
from referral.log.errors import AccessDenied
from referral.log.topic_admin import TopicMismatch
from referral.log.topic_check import verify_topics
from referral.redis_client import RedisClient, servers_of, unavailable_reason
from referral.telemetry.metrics import gauge

_LOG_TIMEOUT_MS = 1000

Check = Callable[[], str | None]


def readiness_report(checks: Mapping[str, Check]) -> tuple[bool, bytes]:
    """Returns whether every check passes, and the JSON body with the reason of each one that does not."""
    reasons = {name: check() for name, check in checks.items()}
    ready = not any(reasons.values())
    return ready, msgspec.json.encode({"ready": ready, "checks": {name: why or "ok" for name, why in reasons.items()}})


def metrics_exposition(gauges: Mapping[str, Callable[[], float]] = MappingProxyType({})) -> bytes:
    """Returns the metrics of this process, or of all processes of its server, in Prometheus' text format; reads `gauges` first."""
    for name, read in gauges.items():
        gauge(name).set(read())
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return generate_latest(DEFAULT_REGISTRY)
    _drop_dead_workers(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the client leaves it untyped
    return generate_latest(registry)


def _drop_dead_workers(folder: Path) -> None:
    """Removes the gauges of worker processes that have ended."""
    for pid in {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*_*.db")}:
        if not Path(f"/proc/{pid}").exists():
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call] # the client leaves it untyped


def ops_blueprint(
    checks: Mapping[str, Check], gauges: Mapping[str, Callable[[], float]] = MappingProxyType({})
) -> Blueprint:
    """Returns the three routes as a blueprint."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    @without_rate_limit
    def healthz() -> Response:
        return Response(b'{"alive":true}', mimetype="application/json")

    @routes.get("/readyz")
    @without_rate_limit
    def readyz() -> Response:
        ready, body = readiness_report(checks)
        return Response(body, 200 if ready else 503, mimetype="application/json")

    @routes.get("/metrics")
    @without_rate_limit
    def metrics() -> Response:
        return Response(metrics_exposition(gauges), content_type=CONTENT_TYPE_LATEST)

    return routes


def redis_check(redis: RedisClient) -> Check:
    """Returns the check that Redis, or every master of a cluster, responds and evicts nothing: that would break exactly-once."""

    def check() -> str | None:
        try:
            servers = servers_of(redis)
        except RedisError as error:
            return unavailable_reason(error)
        return next(filter(None, (_server_reason(one, is_node=redis is not one) for one in servers)), None)

    return check


def _server_reason(server: Redis, *, is_node: bool) -> str | None:
    """Returns why a server cannot be used; `is_node`: it is one of the masters of a cluster."""
    address = server.get_connection_kwargs()
    node = f"{address['host']}:{address['port']}" if is_node else ""
    try:
        about = server.info("memory", "cluster")  # CONFIG GET would need a permission that services lack
    except RedisError as error:
        return unavailable_reason(error, node)
    policy = about["maxmemory_policy"]
    if policy != "noeviction":
        return f"maxmemory-policy of Redis{node and f' at {node}'} is {policy}: set it to noeviction"
    if about.get("cluster_enabled") and not is_node:
        return "Redis is a node of a cluster: write redis-cluster:// (rediss-cluster:// for TLS) in REFERRAL_REDIS"
    return None


class LogCheck:
    """Check that the broker responds within a second, has the expected topics, and permits what the process does with them.

    It is queried at most once per second.
    """

    def __init__(self, settings: Settings, uses: TopicOperations) -> None:
        self._settings = settings
        self._uses = uses
        self._lock = Lock()
        self._client: KafkaAdminClient | None = None
        self._checked_at = float("-inf")
        self._reason: str | None = "not checked yet"

    def __call__(self) -> str | None:
        """Returns None, or why the log is not ready."""
        with self._lock:
            if time.monotonic() - self._checked_at > 1:
                self._reason = self._query_broker()
                self._checked_at = time.monotonic()
            return self._reason

    def _query_broker(self) -> str | None:
        try:
            if self._client is None:
                self._client = create_admin_client(self._settings, _LOG_TIMEOUT_MS)
            verify_topics(self._client, self._settings, self._uses)
        except (TopicMismatch, AccessDenied) as refusal:
            self._drop()
            return str(refusal)
        except Exception as error:  # noqa: BLE001 - any error of the client means that the log is not ready
            self._drop()
            return f"Kafka does not respond: {type(error).__name__}"
        return None

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
