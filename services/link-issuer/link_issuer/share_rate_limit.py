"""How many shares the share pages of one code may report in a minute, whoever opens them: counted in Redis."""

import time

import structlog
from redis import Redis
from redis.exceptions import RedisError

MOST_A_MINUTE = 60
_MINUTE_S = 60
log = structlog.get_logger()


class Allowance:
    """The counts of all processes."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    def seconds_to_wait(self, code: str) -> int:
        """Counts one report; 0 where it may be taken, else when to come again. While Redis is away the address's limit holds."""
        # The machine's own time, not the simulation's: what is bounded is what strangers do to this machine.
        minute, passed = divmod(int(time.time()), _MINUTE_S)
        try:
            with self._redis.pipeline() as pipeline:
                pipeline.incr(place := f"li:shares:{code}:{minute}")
                pipeline.expire(place, 2 * _MINUTE_S)
                count: int = pipeline.execute()[0]
        except RedisError as error:
            log.warning("shares of a code not counted", reason=type(error).__name__)
            return 0
        return _MINUTE_S - passed if count > MOST_A_MINUTE else 0
