"""Redis clients with this system's settings: bounded time-outs and retries. A caller cannot tell one server from a cluster."""

import ssl
from typing import Any

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import AuthenticationError, InvalidResponse, NoPermissionError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from referral.config import Settings
from referral.redis_cluster.cluster_client import ClusterClient
from referral.redis_cluster.cluster_url import is_cluster_url, parse_cluster_url
from referral.redis_cluster.command_run import RetryPolicy
from referral.redis_cluster.replies import SlotUnavailable
from referral.redis_packing import CommandPacker
from referral.telemetry.metrics import counter

RedisClient = Redis | ClusterClient
"""What stores use: redis-py's methods for single commands, and `pipeline(transaction=False)` for several of any keys."""

_FOLD_TIMEOUT_S = 2.0
_FOLD_RETRY_S = 5.0
_HTTP_TIMEOUT_S = 0.5
_RETRY_PAUSE_S = 0.05


def connect_for_folds(settings: Settings) -> RedisClient:
    """A client for folds and workers, with a time-out of two seconds. Thread-safe; replies are bytes.

    Every write through it must be idempotent: it is retried once after a time-out, and for five seconds in a cluster.
    """
    retried = (RedisConnectionError, RedisTimeoutError)
    return _client(settings, _FOLD_TIMEOUT_S, retried, RetryPolicy(_FOLD_RETRY_S, repeats_timed_out=True))


def connect_for_http(settings: Settings) -> RedisClient:
    """The same for HTTP services: it times out after half a second, so that a hanging Redis leaves time to answer 503.

    A broken connection is retried, a time-out is not: the request occupies a thread that others need.
    """
    policy = RetryPolicy(_HTTP_TIMEOUT_S, repeats_timed_out=False)
    return _client(settings, _HTTP_TIMEOUT_S, (RedisConnectionError,), policy)


def servers_of(redis: RedisClient) -> "list[Redis]":
    """A client of each server that serves keys: the one, or the masters of the cluster. Raises RedisError."""
    return redis.masters() if isinstance(redis, ClusterClient) else [redis]


def unavailable_reason(error: RedisError, node: str = "") -> str:
    """Why Redis cannot be used, for readiness: what it refused and the setting or command that corrects it.

    `node` is the host and port of the node of a cluster that the error is of.
    """
    redis = f"Redis at {node}" if node else "Redis"
    if isinstance(error, AuthenticationError):
        return f"{redis} refuses the user or the password of REFERRAL_REDIS"
    if isinstance(error, NoPermissionError):
        return f"{redis} does not permit the user of REFERRAL_REDIS a command: {error}. `referral redis acl` prints its rules"
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
        return f"the TLS connection to {redis} fails: {error}. Check REFERRAL_REDIS_CA and the host of REFERRAL_REDIS"
    if "cluster support disabled" in str(error):
        return "REFERRAL_REDIS names a cluster, but Redis is one server: write redis:// (rediss:// for TLS)"
    return _no_response_reason(error, node)


def _no_response_reason(error: RedisError, node: str) -> str:
    if isinstance(error, SlotUnavailable):
        return f"Redis does not respond: the cluster does not serve all slots ({error})"
    if isinstance(error, InvalidResponse):
        return f"what responds at {node or 'REFERRAL_REDIS'} is not Redis: correct the host and the port"
    announced = f" at {node}, the address that the cluster announces," if node else ""
    return f"Redis{announced} does not respond: {type(error).__name__}"


def _client(
    settings: Settings, timeout_s: float, retry_on: tuple[type[Exception], ...], policy: RetryPolicy
) -> RedisClient:
    options: dict[str, Any] = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": min(timeout_s, 1.0),
        "socket_keepalive": True,
        "health_check_interval": 0,
        "decode_responses": False,
        "command_packer": CommandPacker(),
        **_tls_options(settings),
    }
    if is_cluster_url(settings.redis):
        return ClusterClient(parse_cluster_url(settings.redis), policy, options, _count_retry)
    retry = Retry(ConstantBackoff(_RETRY_PAUSE_S), 1, supported_errors=retry_on)
    return Redis.from_url(settings.redis, retry=retry, **options)


def _count_retry(reason: str) -> None:
    counter("redis_cluster_retries").labels(reason).inc()


def _tls_options(settings: Settings) -> dict[str, Any]:
    """The options that only connections with TLS accept. redis-py verifies the certificate and the name of the host."""
    return {"ssl_ca_certs": settings.redis_ca} if settings.redis_ca else {}
