"""What screening remembers of a referrer: their newest referees, and how many qualified per day. Both are bounded.

Each referee is stored as numbers only, one column for each fact that rules need: a referrer is read and written
whole for every referral, and rows of texts took longer to decode than all rules together to decide. People, devices and networks
are known by 64 bits of their BLAKE2b hash: that any two of 128 meet has a chance of 4 in 10^16.
"""

from array import array
from bisect import bisect_left, bisect_right
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.bans.ban import Ban
from referral.events.timestamps import DAY_MS

MAX_RECENT = 128
MAX_DAYS = 16
_NONE = 0  # no device or network was reported


class ReferralSample(NamedTuple):
    """A referee of the referrer, and when that referral qualified (ms)."""

    at: int
    person: str
    device: str | None = None
    network: str | None = None


class ReferrerHistory(Struct, frozen=True, array_like=True, tag="referrer", gc=False):
    """A referrer as screening knows them.

    `moments` (ms), `people`, `devices` and `networks` are columns of signed 64-bit numbers in the machine's byte order, sorted by
    (moment, person), each person once; `left` has a byte for each, 1 of who has unfollowed since. `days` has (day since the
    epoch, in UTC; how many qualified), the newest days on which there were any. `ban` is there while they are banned; `circled`
    are those of their referrals that close a circle of edges.
    """

    moments: bytes = b""
    people: bytes = b""
    devices: bytes = b""
    networks: bytes = b""
    unfollowed: bytes = b""
    days: tuple[tuple[int, int], ...] = ()
    ban: Ban | None = None
    in_cycle: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many people are remembered."""
        return len(self.unfollowed)

    def with_sample(self, brought: ReferralSample) -> "ReferrerHistory":
        """The history after one more referee, or after a former referee has returned."""
        columns = [_column(raw) for raw in (self.moments, self.people, self.devices, self.networks)]
        left, before = bytearray(self.unfollowed), None
        row = brought.at, _digest(brought.person), _digest(brought.device), _digest(brought.network)
        if row[1] in columns[1]:
            place = columns[1].index(row[1])
            before = columns[0][place]
            for column in (*columns, left):
                del column[place]
        place = _insertion_index(columns[0], columns[1], *row[:2])
        for column, value in zip((*columns, left), (*row, 0), strict=True):
            column.insert(place, value)
            del column[:-MAX_RECENT]
        moments, people, devices, networks = (column.tobytes() for column in columns)
        days = self._days_with(brought.at, before)
        return ReferrerHistory(moments, people, devices, networks, bytes(left), days, self.ban, self.in_cycle)

    def _days_with(self, at: int, before: int | None) -> tuple[tuple[int, int], ...]:
        """The days after one more; who was counted before is counted on the new day instead."""
        days = dict(self.days)
        if before is not None and (old := before // DAY_MS) in days:
            days[old] -= 1
        days[at // DAY_MS] = days.get(at // DAY_MS, 0) + 1
        return tuple(sorted(one for one in days.items() if one[1] > 0)[-MAX_DAYS:])

    def with_unfollow(self, person: str) -> "ReferrerHistory":
        """The history after a referee has left."""
        place = self._index_of(person)
        if place is None or self.unfollowed[place]:
            return self
        return replace(self, unfollowed=self.unfollowed[:place] + b"\1" + self.unfollowed[place + 1 :])

    def with_cycle(self, referral: str) -> "ReferrerHistory":
        """The referrer after one of their referrals closed a circle."""
        return replace(self, in_cycle=(*self.without_cycle(referral).in_cycle, referral))

    def without_cycle(self, referral: str) -> "ReferrerHistory":
        """The referrer after that circle opened."""
        return replace(self, in_cycle=tuple(one for one in self.in_cycle if one != referral))

    def moments_around(self, moment: int, span: int, person: str, network: str | None = None) -> list[int]:
        """The moments less than `span` (ms) from a moment, without that of `person`; where a network is named, only its own."""
        moments, own = _column(self.moments), self._index_of(person)
        near = range(bisect_right(moments, moment - span), bisect_left(moments, moment + span))
        if network is None:
            return [moments[place] for place in near if place != own]
        networks, wanted = _column(self.networks), _digest(network)
        return [moments[place] for place in near if networks[place] == wanted and place != own]

    def count_between(self, first: int, end: int, person: str) -> int:
        """How many moments lie in [first, end) ms, without that of `person`."""
        moments, own = _column(self.moments), self._index_of(person)
        return (
            bisect_left(moments, end) - bisect_left(moments, first) - (own is not None and first <= moments[own] < end)
        )

    def count_on_device(self, device: str, person: str) -> bool:
        """Whether another referee has the same device."""
        devices, own = _column(self.devices), self._index_of(person)
        wanted = _digest(device)
        return devices.count(wanted) > (own is not None and devices[own] == wanted)

    def count_others(self, person: str) -> tuple[int, int]:
        """How many are remembered besides `person`, and how many of them have left."""
        own = self._index_of(person)
        if own is None:
            return len(self.unfollowed), self.unfollowed.count(1)
        return len(self.unfollowed) - 1, self.unfollowed.count(1) - self.unfollowed[own]

    def daily_average_before(self, moment: int, days: int) -> float:
        """How many qualified a day on average over so many whole days (UTC) before the day of a moment (ms)."""
        last = moment // DAY_MS
        return sum(count for day, count in self.days if last - days <= day < last) / days

    def _index_of(self, person: str) -> int | None:
        people, wanted = _column(self.people), _digest(person)
        return people.index(wanted) if wanted in people else None


EMPTY_HISTORY = ReferrerHistory()
"""The history of a referrer without referees."""


def _column(raw: bytes) -> "array[int]":
    numbers = array("q")
    numbers.frombytes(raw)
    return numbers


def _insertion_index(moments: "array[int]", people: "array[int]", at: int, person: int) -> int:
    """Where a row belongs: by moment, and by person within one."""
    first, last = bisect_left(moments, at), bisect_right(moments, at)
    return bisect_left(people, person, first, last)


@lru_cache(maxsize=1024)
def _digest(text: str | None) -> int:
    if not text:
        return _NONE
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little", signed=True)
