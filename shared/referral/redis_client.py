"""The connection to Redis: bounded in time, quick to come back, never retrying for ever."""

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as NoAnswer
from redis.retry import Retry

from referral.config import Settings

_FOLD_TIMEOUT_S = 2.0
_HTTP_TIMEOUT_S = 0.5
_RETRY_PAUSE_S = 0.05


def connect_for_folds(settings: Settings) -> "Redis":
    """A client for folds, which have time: for any number of threads; it opens connections as they are needed. Answers are bytes.

    Every write made through it must be idempotent: a time-out is tried once more.
    """
    return _client(settings, _FOLD_TIMEOUT_S, (Disconnected, NoAnswer))


def connect_for_http(settings: Settings) -> "Redis":
    """The same for HTTP: gives up after half a second, so that a Redis that hangs leaves time for the 503 that says so.

    A broken connection is made anew once; a time-out is not tried again, for somebody waits in a thread that others need.
    """
    return _client(settings, _HTTP_TIMEOUT_S, (Disconnected,))


def _client(settings: Settings, timeout_s: float, again_after: tuple[type[Exception], ...]) -> "Redis":
    return Redis.from_url(
        settings.redis,
        socket_timeout=timeout_s,
        socket_connect_timeout=min(timeout_s, 1.0),
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(ConstantBackoff(_RETRY_PAUSE_S), 1, supported_errors=again_after),
        decode_responses=False,
    )
