"""What the folds remember, as the HTTP side reads it."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from redis import Redis

from conversion_tracker.domain.ban import Ban
from conversion_tracker.domain.conversion import Conversion, Status
from conversion_tracker.domain.person import Person
from conversion_tracker.domain.screening.referrer import Referrer
from conversion_tracker.folds.attribute import NAME, SERVICE, person_key
from conversion_tracker.folds.banning import bans_at
from conversion_tracker.folds.screen import ScreenFold
from conversion_tracker.folds.screening.handler import CONVERSION, State, listed_at, referrer_at
from conversion_tracker.listing import Listing, Place
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


class Banned(NamedTuple):
    """Who is banned, and how that came."""

    person: str
    ban: Ban


class Bans:
    """Who is banned, as the attribute fold knows it; as `People`."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._listing = Listing(redis, NAME, partitions)

    def after(self, program: str, place: Place | None, limit: int) -> tuple[list[Banned], Place | None]:
        """A page of the list, the oldest ban first, and the place that the next one begins behind."""
        places, last = _page(self._listing.after(bans_at(program), place, limit + 1), limit)
        raws = self._listing.states([(one.partition, person_key(program, one.member)) for one in places])
        people = [(one.member, _decode(raw).ban) for one, raw in zip(places, raws, strict=True) if raw]
        return [Banned(person, ban) for person, ban in people if ban], last


class Conversions:
    """Conversions, as the screen fold knows them; as `People`."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._listing = Listing(redis, ScreenFold.name, partitions)
        self._partitions = partitions

    def after(
        self, program: str, status: Status, place: Place | None, limit: int
    ) -> tuple[list[Conversion], Place | None]:
        """A page of those of a status, the first that qualified first, and the place that the next page begins behind."""
        places, last = _page(self._listing.after(listed_at(program, status), place, limit + 1), limit)
        return self._conversions([(one.partition, CONVERSION + one.member) for one in places]), last

    def find(self, id: str) -> Conversion | None:
        """The conversion with this id. In which partition it lies the id does not say, so all are asked at once."""
        return next(iter(self._conversions([(number, CONVERSION + id) for number in range(self._partitions)])), None)

    def ban(self, conversion: Conversion) -> Ban | None:
        """The ban of the conversion's referrer, if any."""
        partition = partition_of(f"{conversion.program}|{conversion.referrer}", self._partitions)
        (raw,) = self._listing.states([(partition, referrer_at(conversion.program, conversion.referrer))])
        found = _decode_screened(raw) if raw else None
        return found.ban if isinstance(found, Referrer) else None

    def _conversions(self, keys: list[tuple[int, str]]) -> list[Conversion]:
        states = [_decode_screened(raw) for raw in self._listing.states(keys) if raw]
        return [one for one in states if isinstance(one, Conversion)]


def _page(places: Sequence[Place], limit: int) -> tuple[Sequence[Place], Place | None]:
    """The page out of one place more than it holds, and its last place if there are more."""
    return places[:limit], places[limit - 1] if len(places) > limit else None
