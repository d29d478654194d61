"""Redis clients with this system's settings: bounded time-outs and one retry."""

from redis import Redis
from redis.backoff import ConstantBackoff
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


def _client(settings: Settings, timeout_s: float, retry_on: tuple[type[Exception], ...]) -> "Redis":
    return Redis.from_url(
        settings.redis,
        socket_timeout=timeout_s,
        socket_connect_timeout=min(timeout_s, 1.0),
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(ConstantBackoff(_RETRY_PAUSE_S), 1, supported_errors=retry_on),
        decode_responses=False,
    )
