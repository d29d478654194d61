"""Who is banned, as the attribute fold knows it."""

from typing import NamedTuple

import msgspec
from redis import Redis

from conversion_tracker.attribution.fold import NAME, person_key
from conversion_tracker.attribution.person import Person
from conversion_tracker.bans.ban import Ban
from conversion_tracker.bans.ban_events import ban_board
from conversion_tracker.sorted_set_listing import ListEntry, SortedSetListing, split_page

_decode = msgspec.msgpack.Decoder(Person).decode


class BannedPerson(NamedTuple):
    """Who is banned, and how that came."""

    person: str
    ban: Ban


class BanStore:
    """Who is banned, as the attribute fold knows it."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._listing = SortedSetListing(redis, NAME, partitions)

    def after(self, program: str, place: ListEntry | None, limit: int) -> tuple[list[BannedPerson], ListEntry | None]:
        """A page of the list, the oldest ban first, and the place that the next one begins behind."""
        places, last = split_page(self._listing.entries_after(ban_board(program), place, limit + 1), limit)
        raws = self._listing.get_states([(one.partition, person_key(program, one.member)) for one in places])
        people = [(one.member, _decode(raw).ban) for one, raw in zip(places, raws, strict=True) if raw]
        return [BannedPerson(person, ban) for person, ban in people if ban], last
