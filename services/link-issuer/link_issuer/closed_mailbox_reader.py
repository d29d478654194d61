"""Whether a mailbox takes e-mails, as far as reward-dispatcher knows: some came back, or their reader complained about one."""

from redis.exceptions import RedisError

from referral.closed_mailboxes import DELIVERIES_FOLD, DELIVERIES_SERVICE, closed_mailboxes
from referral.events.promoter_messages import people_endpoint
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of


class ClosedMailboxReader:
    """Reads the list of the fold `deliveries`. Thread-safe."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def closed_ms(self, program: str, person: str) -> int | None:
        """When an e-mail to a person last came back for good (ms); None if none did, or Redis is unavailable."""
        endpoint = people_endpoint(program, person)
        partition = partition_of(endpoint, self._partitions)
        key = state_key(DELIVERIES_SERVICE, DELIVERIES_FOLD, partition, closed_mailboxes(endpoint))
        try:
            found = self._redis.zscore(key, person)
        except RedisError:
            return None
        return None if found is None else int(found)
