"""Redis clients with this system's settings: bounded time-outs and one retry."""

import ssl
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.backoff import ConstantBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from referral.config import Settings

_FOLD_TIMEOUT_S = 2.0
_HTTP_TIMEOUT_S = 0.5
_RETRY_PAUSE_S = 0.05


def connect_for_folds(settings: Settings) -> "Redis":
    """A client for folds and workers, with a time-out of two seconds. Thread-safe; replies are bytes.

    Every write through it must be idempotent: it is retried once after a time-out.
    """
    return _client(settings, _FOLD_TIMEOUT_S, (RedisConnectionError, RedisTimeoutError))


def connect_for_http(settings: Settings) -> "Redis":
    """The same for HTTP services: it times out after half a second, so that a hanging Redis leaves time to answer 503.

    A broken connection is retried once, a time-out is not: the request occupies a thread that others need.
    """
    return _client(settings, _HTTP_TIMEOUT_S, (RedisConnectionError,))


def unavailable_reason(error: RedisError) -> str:
    """Why Redis cannot be used, for readiness: what it refused and the setting or command that corrects it."""
    if isinstance(error, AuthenticationError):
        return "Redis refuses the user or the password of REFERRAL_REDIS"
    if isinstance(error, NoPermissionError):
        return f"Redis does not permit the user of REFERRAL_REDIS a command: {error}. `referral redis acl` prints its rules"
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
        return f"the TLS connection to Redis fails: {error}. Check REFERRAL_REDIS_CA and the host of REFERRAL_REDIS"
    return f"Redis does not respond: {type(error).__name__}"


def connect_async(settings: Settings) -> "AsyncRedis":
    """A client for an event loop, with the time-out of folds; does not retry."""
    return AsyncRedis.from_url(settings.redis, socket_timeout=_FOLD_TIMEOUT_S, **_tls_options(settings))


def _client(settings: Settings, timeout_s: float, retry_on: tuple[type[Exception], ...]) -> "Redis":
    return Redis.from_url(
        settings.redis,
        socket_timeout=timeout_s,
        socket_connect_timeout=min(timeout_s, 1.0),
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(ConstantBackoff(_RETRY_PAUSE_S), 1, supported_errors=retry_on),
        decode_responses=False,
        **_tls_options(settings),
    )


def _tls_options(settings: Settings) -> dict[str, Any]:
    """The options that only connections with TLS accept. redis-py verifies the certificate and the name of the host."""
    return {"ssl_ca_certs": settings.redis_ca} if settings.redis_ca else {}
