"""Rate limits of the join page: enrolments, and e-mails with a link, by network, program and mailbox; counted in Redis."""

import time

import structlog
from redis.exceptions import RedisError

from referral.redis_client import RedisClient
from referral.redis_pipeline import ExpiringCounters

MAX_PER_NETWORK = 20
MAX_PER_PROGRAM = 2_000
MAX_MAILS_PER_ADDRESS = 3
MAX_MAILS_PER_ADDRESS_AND_DAY = 6
MAX_MAILS_PER_NETWORK = 10
MAX_MAILS_PER_PROGRAM = 500
_HOUR_S, _DAY_S = 3600, 86_400
log = structlog.get_logger()


class JoinRateLimit:
    """The counts of all processes."""

    def __init__(self, redis: RedisClient) -> None:
        self._counters = ExpiringCounters(redis)

    def seconds_to_wait(self, program: str, network: str) -> int:
        """Counts one attempt and returns 0 if it is allowed, otherwise the seconds until the next one is.

        An attempt that the limit of its network refuses does not count for the program: one network cannot close the page for
        all others. `network` is a hash. If Redis is unavailable, every attempt is allowed here.
        """
        # The machine's clock, not the simulated one: the limit protects this machine.
        hour, elapsed = divmod(int(time.time()), _HOUR_S)
        limits = {f"http:join:{network}:{hour}": MAX_PER_NETWORK, f"http:join:{program}:{hour}": MAX_PER_PROGRAM}
        try:
            exceeded = any(self._counters.count(key, 2 * _HOUR_S) > most for key, most in limits.items())
        except RedisError as error:
            log.warning("join not counted", reason=type(error).__name__)
            return 0
        return _HOUR_S - elapsed if exceeded else 0


class JoinMailLimit:
    """How many e-mails with a link are sent; the counts of all processes."""

    def __init__(self, redis: RedisClient) -> None:
        self._counters = ExpiringCounters(redis)

    def seconds_to_wait(self, program: str, network: str, address: str) -> int:
        """Counts one e-mail and returns 0 if it is allowed, otherwise the seconds until the next one may be.

        `network` and `address` are hashes. Raises RedisError: without counts no e-mail is sent, since anyone can ask for one.
        """
        now_s = int(time.time())
        exceeded = [
            length_s - now_s % length_s
            for name, most, length_s in (
                (f"network:{network}", MAX_MAILS_PER_NETWORK, _HOUR_S),
                (f"program:{program}", MAX_MAILS_PER_PROGRAM, _HOUR_S),
                (f"address:{address}", MAX_MAILS_PER_ADDRESS, _HOUR_S),
                (f"day:{address}", MAX_MAILS_PER_ADDRESS_AND_DAY, _DAY_S),
            )
            if self._counters.count(f"http:join-mail:{name}:{now_s // length_s}", 2 * length_s) > most
        ]
        return max(exceeded, default=0)
