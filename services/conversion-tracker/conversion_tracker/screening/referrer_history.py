"""The history of a referrer for screening: their newest referees, and how many qualified per day. Both are bounded.

A referee is stored as numbers only, in one column for each fact that rules need: the whole history is decoded and encoded for
every referral, and rows of texts took longer to decode than all rules to evaluate. People, devices, networks and clicks are stored
as the first 64 bits of a BLAKE2b hash: the probability that two of 128 collide is 4 in 10^16.
"""

from array import array
from bisect import bisect_left, bisect_right
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.bans.ban import Ban
from referral.events.attributions import ReferralQualified
from referral.events.timestamps import DAY_MS, to_ms

MAX_RECENT = 128
MAX_DAYS = 16
_NONE = 0  # no device or network was reported, or the evidence is not a click


class ReferralSample(NamedTuple):
    """A referee of the referrer, and when that referral qualified (ms)."""

    at: int
    person: str
    device: str | None = None
    network: str | None = None
    click: str | None = None


def referral_sample(line: ReferralQualified) -> ReferralSample:
    """What is remembered of a referral that has qualified."""
    return ReferralSample(to_ms(line.occurred_at), line.person, line.device, line.network, winning_click(line))


def winning_click(line: ReferralQualified) -> str | None:
    """The id of the click that the referral is credited to; None if it is credited to other evidence."""
    return line.evidence.event if line.evidence.kind == "click" else None


class ReferrerHistory(Struct, frozen=True, array_like=True, tag="referrer", gc=False):
    """The state of one referrer.

    `moments` (ms), `people`, `devices`, `networks` and `clicks` are columns of signed 64-bit numbers in the machine's byte order,
    sorted by (moment, person), each person once; `clicks` is empty if there is none. `unfollowed` has one byte per person: 1 if
    they have unfollowed since. `days` has pairs (day since the epoch in UTC, number of referrals that qualified) for the newest
    days that have any. `ban` is set while the referrer is banned. `in_cycle` are those of their referrals that are the newest edge
    of a referral cycle.
    """

    moments: bytes = b""
    people: bytes = b""
    devices: bytes = b""
    networks: bytes = b""
    unfollowed: bytes = b""
    days: tuple[tuple[int, int], ...] = ()
    ban: Ban | None = None
    in_cycle: tuple[str, ...] = ()
    clicks: bytes = b""

    @property
    def size(self) -> int:
        """The number of people in the history."""
        return len(self.unfollowed)

    def with_sample(self, sample: ReferralSample) -> "ReferrerHistory":
        """Returns the history after one more referee, or after a former referee has returned."""
        columns = [_column(raw) for raw in (self.moments, self.people, self.devices, self.networks)]
        row = [sample.at, _digest(sample.person), _digest(sample.device), _digest(sample.network)]
        if self.clicks or sample.click:
            columns.append(_column(self.clicks or bytes(len(self.moments))))
            row.append(_digest(sample.click))
        unfollowed, before = bytearray(self.unfollowed), None
        if row[1] in columns[1]:
            index = columns[1].index(row[1])
            before = columns[0][index]
            for column in (*columns, unfollowed):
                del column[index]
        index = _insertion_index(columns[0], columns[1], row[0], row[1])
        for column, value in zip((*columns, unfollowed), (*row, 0), strict=True):
            column.insert(index, value)
            del column[:-MAX_RECENT]
        moments, people, devices, networks, *clicks = (column.tobytes() for column in columns)
        by_click = clicks[0] if clicks and any(columns[4]) else b""
        days = self._days_with(sample.at, before)
        return ReferrerHistory(
            moments, people, devices, networks, bytes(unfollowed), days, self.ban, self.in_cycle, by_click
        )

    def _days_with(self, at: int, before: int | None) -> tuple[tuple[int, int], ...]:
        """Returns the days after one more referral. If it was counted `before` (ms), it moves to its new day."""
        days = dict(self.days)
        if before is not None and (old := before // DAY_MS) in days:
            days[old] -= 1
        days[at // DAY_MS] = days.get(at // DAY_MS, 0) + 1
        return tuple(sorted(day for day in days.items() if day[1] > 0)[-MAX_DAYS:])

    def with_unfollow(self, person: str) -> "ReferrerHistory":
        """Returns the history after a referee has unfollowed."""
        index = self._index_of(person)
        if index is None or self.unfollowed[index]:
            return self
        return replace(self, unfollowed=self.unfollowed[:index] + b"\1" + self.unfollowed[index + 1 :])

    def with_cycle(self, referral: str) -> "ReferrerHistory":
        """Returns the history after a referral became the newest edge of a cycle."""
        return replace(self, in_cycle=(*self.without_cycle(referral).in_cycle, referral))

    def without_cycle(self, referral: str) -> "ReferrerHistory":
        """Returns the history after that cycle was broken."""
        return replace(self, in_cycle=tuple(other for other in self.in_cycle if other != referral))

    def moments_around(self, moment: int, span: int, person: str, network: str | None = None) -> list[int]:
        """Returns the moments less than `span` (ms) from a moment, without that of `person`; of one network if it is given."""
        moments, own = _column(self.moments), self._index_of(person)
        near = range(bisect_right(moments, moment - span), bisect_left(moments, moment + span))
        if network is None:
            return [moments[index] for index in near if index != own]
        networks, wanted = _column(self.networks), _digest(network)
        return [moments[index] for index in near if networks[index] == wanted and index != own]

    def count_between(self, first: int, end: int, person: str) -> int:
        """Returns the number of moments in [first, end) ms, without that of `person`."""
        moments, own = _column(self.moments), self._index_of(person)
        return (
            bisect_left(moments, end) - bisect_left(moments, first) - (own is not None and first <= moments[own] < end)
        )

    def count_on_device(self, device: str, person: str) -> int:
        """Returns the number of people other than `person` with this device."""
        return self._count_others_with(self.devices, _digest(device), person)

    def count_by_click(self, click: str, person: str) -> int:
        """Returns the number of people other than `person` who came by this click."""
        return self._count_others_with(self.clicks, _digest(click), person) if self.clicks else 0

    def _count_others_with(self, column: bytes, wanted: int, person: str) -> int:
        values, own = _column(column), self._index_of(person)
        return values.count(wanted) - (own is not None and values[own] == wanted)

    def count_others(self, person: str) -> tuple[int, int]:
        """Returns the number of people other than `person`, and how many of them have unfollowed."""
        own = self._index_of(person)
        if own is None:
            return len(self.unfollowed), self.unfollowed.count(1)
        return len(self.unfollowed) - 1, self.unfollowed.count(1) - self.unfollowed[own]

    def daily_average_before(self, moment: int, days: int) -> float:
        """Returns the average number of referrals per day over that many whole days (UTC) before the day of a moment (ms)."""
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
    """Returns the index at which a row belongs: sorted by moment, then by person."""
    first, last = bisect_left(moments, at), bisect_right(moments, at)
    return bisect_left(people, person, first, last)


@lru_cache(maxsize=1024)
def _digest(text: str | None) -> int:
    if not text:
        return _NONE
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little", signed=True)
