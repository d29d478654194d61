"""Conversions, as the screen fold knows them."""

import msgspec
from redis import Redis

from conversion_tracker.bans.ban import Ban
from conversion_tracker.screening.conversion import Conversion, Status
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.handler import CONVERSION, State, conversion_at, listed_at, referrer_at
from conversion_tracker.screening.referrer_history import Referrer
from conversion_tracker.sorted_set_listing import ListEntry, SortedSetListing, split_page
from referral.events.keys import referrer_key
from referral.topics import partition_of

_decode = msgspec.msgpack.Decoder(State).decode


class Conversions:
    """Conversions, as the screen fold knows them."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._listing = SortedSetListing(redis, ScreenFold.name, partitions)
        self._partitions = partitions

    def after(
        self, program: str, status: Status, place: ListEntry | None, limit: int
    ) -> tuple[list[Conversion], ListEntry | None]:
        """A page of those of a status, the first that qualified first, and the place that the next page begins behind."""
        places, last = split_page(self._listing.entries_after(listed_at(program, status), place, limit + 1), limit)
        return self._conversions([(one.partition, CONVERSION + one.member) for one in places]), last

    def find(self, id: str) -> Conversion | None:
        """The conversion with this id. In which partition it lies the id does not say, so all are asked at once."""
        return next(iter(self._conversions([(number, CONVERSION + id) for number in range(self._partitions)])), None)

    def conversion(self, program: str, referrer: str, referral: str) -> Conversion | None:
        """What a referral led to; None where it has never qualified."""
        partition = partition_of(referrer_key(program, referrer), self._partitions)
        return next(iter(self._conversions([(partition, conversion_at(referral))])), None)

    def ban(self, conversion: Conversion) -> Ban | None:
        """The ban of the conversion's referrer, if any."""
        partition = partition_of(referrer_key(conversion.program, conversion.referrer), self._partitions)
        (raw,) = self._listing.get_states([(partition, referrer_at(conversion.program, conversion.referrer))])
        found = _decode(raw) if raw else None
        return found.ban if isinstance(found, Referrer) else None

    def _conversions(self, keys: list[tuple[int, str]]) -> list[Conversion]:
        states = [_decode(raw) for raw in self._listing.get_states(keys) if raw]
        return [one for one in states if isinstance(one, Conversion)]
