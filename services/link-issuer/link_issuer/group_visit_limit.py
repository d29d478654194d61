"""How many places of a group chat the visitors of one network take in an hour; counted in Redis.

Without it, a client that sends no cookie could fill every QR code of a group within seconds, and close the group for all others.
"""

import time

from referral.redis_client import RedisClient
from referral.redis_pipeline import ExpiringCounters

MAX_PER_NETWORK = 50  # many phones of a mobile network have one address
_HOUR_S = 3600


class GroupVisitLimit:
    """The counts of all processes."""

    def __init__(self, redis: RedisClient) -> None:
        self._counters = ExpiringCounters(redis)

    def allows(self, group: str, network: str) -> bool:
        """Counts a visit, and returns whether it may take a place. `network` is a hash. Raises RedisError."""
        hour = int(time.time()) // _HOUR_S  # of the machine's clock: the limit protects this machine
        return self._counters.count(f"http:group:{group}:{network}:{hour}", 2 * _HOUR_S) <= MAX_PER_NETWORK
