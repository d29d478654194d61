"""What the folds remember, as the HTTP side reads it."""

import msgspec
from redis import Redis

from conversion_tracker.domain.conversion import Conversion
from conversion_tracker.domain.person import Person
from conversion_tracker.folds.attribute import NAME, SERVICE, person_key
from conversion_tracker.folds.screen import ScreenFold
from conversion_tracker.folds.screening.handler import State, conversion_at
from referral.fold.keys import state_key
from referral.topics import partition_of

_decode = msgspec.msgpack.Decoder(Person).decode
_decode_screened = msgspec.msgpack.Decoder(State).decode


class People:
    """The states of people in Redis; for any number of threads. Raises redis's errors where Redis is away."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def person(self, program: str, person: str) -> Person | None:
        """A person in a program; None where nothing of them bears on attribution."""
        partition = partition_of(f"{program}|{person}", self._partitions)
        raw = self._redis.get(state_key(SERVICE, NAME, partition, person_key(program, person)))
        return _decode(raw) if isinstance(raw, bytes) else None


class Conversions:
    """The states of conversions in Redis; for any number of threads. Raises redis's errors where Redis is away."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def conversion(self, program: str, referrer: str, referral: str) -> Conversion | None:
        """What a referral led to; None where it has never qualified."""
        partition = partition_of(f"{program}|{referrer}", self._partitions)
        raw = self._redis.get(state_key(SERVICE, ScreenFold.name, partition, conversion_at(referral)))
        found = _decode_screened(raw) if isinstance(raw, bytes) else None
        return found if isinstance(found, Conversion) else None
