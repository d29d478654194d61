"""Reads bans from the state of the attribute fold."""

from typing import NamedTuple

import msgspec

from conversion_tracker.attribution.fold import NAME, SERVICE, person_key
from conversion_tracker.attribution.person import Person
from conversion_tracker.bans.ban import Ban
from referral.bans import ban_board
from referral.fold.sorted_set_listing import ListEntry, SortedSetListing, split_page
from referral.redis_client import RedisClient

_decode = msgspec.msgpack.Decoder(Person).decode


class BannedPerson(NamedTuple):
    """A banned person and their ban."""

    person: str
    ban: Ban


class BanStore:
    """The bans of all programs."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._listing = SortedSetListing(redis, SERVICE, NAME, partitions)

    def after(self, program: str, entry: ListEntry | None, limit: int) -> tuple[list[BannedPerson], ListEntry | None]:
        """Returns the page after an entry, the oldest ban first, and its last entry if another page follows."""
        entries, last = split_page(self._listing.entries_after(ban_board(program), entry, limit + 1), limit)
        raws = self._listing.get_states([(one.partition, person_key(program, one.member)) for one in entries])
        people = [(one.member, _decode(raw).ban) for one, raw in zip(entries, raws, strict=True) if raw]
        return [BannedPerson(person, ban) for person, ban in people if ban], last
