"""Reads the states of people from the attribute fold."""

import msgspec

from conversion_tracker.attribution.fold import NAME, SERVICE, person_key
from conversion_tracker.attribution.person import Person
from conversion_tracker.graph.store import EdgeStore
from referral.events import keys
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of

_decode = msgspec.msgpack.Decoder(Person).decode


class PersonStore:
    """The people of all programs."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def person(self, program: str, person: str) -> Person | None:
        """Returns the state of a person in a program; None if no event of theirs affects attribution."""
        partition = partition_of(keys.person_key(program, person), self._partitions)
        key = person_key(program, person)
        raw = self._redis.get(state_key(SERVICE, NAME, partition, key))
        return _decode(raw) if isinstance(raw, bytes) else None

    def edges(self, program: str) -> EdgeStore:
        """Returns the referral edges of a program."""
        return EdgeStore(self._redis, self._partitions, program)
