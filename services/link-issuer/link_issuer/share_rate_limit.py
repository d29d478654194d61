"""Rate limit of the shares that share pages report for one code, from any address; counted in Redis."""

import time

import structlog
from redis.exceptions import RedisError

from referral.redis_client import RedisClient
from referral.redis_pipeline import ExpiringCounters

MAX_PER_MINUTE = 60
_MINUTE_S = 60
log = structlog.get_logger()


class ShareRateLimit:
    """The counts of all processes."""

    def __init__(self, redis: RedisClient) -> None:
        self._counters = ExpiringCounters(redis)

    def seconds_to_wait(self, code: str) -> int:
        """Counts one report and returns 0 if it is allowed, otherwise the seconds until the next one is.

        If Redis is unavailable, every report is allowed here; the rate limit per address still applies.
        """
        # The machine's clock, not the simulated one: the limit protects this machine.
        minute, elapsed = divmod(int(time.time()), _MINUTE_S)
        key = f"li:shares:{code}:{minute}"
        try:
            count = self._counters.count(key, 2 * _MINUTE_S)
        except RedisError as error:
            log.warning("share report not counted", reason=type(error).__name__)
            return 0
        return _MINUTE_S - elapsed if count > MAX_PER_MINUTE else 0
