"""The connection to Redis: bounded in time, quick to come back, never retrying for ever."""

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from referral.config import Settings


def connect(settings: Settings) -> "Redis":
    """A client for any number of threads; opens connections as they are needed. Answers are bytes.

    Every write made through it must be idempotent: a time-out is tried once more.
    """
    return Redis.from_url(
        settings.redis,
        socket_timeout=2.0,
        socket_connect_timeout=1.0,
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(ConstantBackoff(0.05), 1),
        decode_responses=False,
    )
