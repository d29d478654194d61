"""Reads what a referrer's friends count for, from the state of the decide fold."""

import msgspec

from referral.entitlement.grants import ReferrerGrants
from referral.events.keys import referrer_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of
from reward_dispatcher.folds import state_keys, stop_keys
from reward_dispatcher.folds.decide_fold import State, referrer_grants_key

_decode = msgspec.msgpack.Decoder(State).decode


class GrantStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def of_referrer(self, program: str, referrer: str) -> ReferrerGrants:
        """Returns the grants of a person's referrals; of someone without any, those of no friend."""
        partition = partition_of(referrer_key(program, referrer), self._partitions)
        key = referrer_grants_key(program, referrer)
        place = state_key(state_keys.SERVICE, stop_keys.DECIDE, partition, key)
        raw: bytes | None = self._redis.get(place)  # type: ignore[assignment] # the client decodes nothing
        found = _decode(raw) if raw is not None else None
        return found if isinstance(found, ReferrerGrants) else ReferrerGrants()
