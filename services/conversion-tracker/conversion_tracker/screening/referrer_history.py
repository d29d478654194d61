"""The history of a referrer for screening: their newest referees, and how many qualified per day. Both are bounded.

The whole history is read and written for every referral, so a referee is stored as numbers of 32 bits, in one column for each fact
that rules need; a column in which every number is 0 is empty. Times are whole seconds. People, devices, networks and clicks are
stored as their CRC-32, which random texts share with a probability of 2^-32: with a full history, three referrals in 100 million
meet a device, network or click that is not theirs (docs/decisions/0041).
"""

from array import array
from bisect import bisect_left, bisect_right
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.bans.ban import Ban
from referral.events.attributions import QualifyingLine
from referral.events.timestamps import DAY_MS, to_ms

MAX_RECENT = 128
MAX_DAYS = 16
_WIDTH = 4  # bytes of a number in a column; 0: no device or network was reported, or the evidence is not a click
_LAST_SECOND = 2**32 - 1  # in the year 2106
_DAY_S = DAY_MS // 1000


class ReferralSample(NamedTuple):
    """A referee of the referrer, and when that referral qualified (ms)."""

    at: int
    person: str
    device: str | None = None
    network: str | None = None
    click: str | None = None


def referral_sample(line: QualifyingLine) -> ReferralSample:
    """What is remembered of a referral that has qualified."""
    return ReferralSample(to_ms(line.occurred_at), line.person, line.device, line.network, winning_click(line))


def winning_click(line: QualifyingLine) -> str | None:
    """The id of the click that the referral is credited to; None if it is credited to other evidence."""
    return line.evidence.event if line.evidence.kind == "click" else None


def whole_seconds(milliseconds: int) -> int:
    """Returns a time as the history has it: seconds since the epoch, rounded down, from 1970 to 2106."""
    return min(max(milliseconds // 1000, 0), _LAST_SECOND)


class ReferrerHistory(Struct, frozen=True, array_like=True, tag="referrer", gc=False):
    """The state of one referrer.

    `moments` (s), `people`, `devices`, `networks` and `clicks` are columns of unsigned 32-bit numbers in the machine's byte order,
    sorted by (moment, person), each person once. `unfollowed` has one byte per person: 1 if they have unfollowed since. Columns
    after `people` are empty if they would contain zeros only. `days` has pairs (day since the epoch in UTC, number of referrals
    that qualified) for the newest days that have any. `ban` is set while the referrer is banned. `in_cycle` are those of their
    referrals that are the newest edge of a referral cycle.
    """

    moments: bytes = b""
    people: bytes = b""
    devices: bytes = b""
    networks: bytes = b""
    clicks: bytes = b""
    unfollowed: bytes = b""
    days: tuple[tuple[int, int], ...] = ()
    ban: Ban | None = None
    in_cycle: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The number of people in the history."""
        return len(self.people) // _WIDTH

    def with_sample(self, sample: ReferralSample) -> "ReferrerHistory":
        """Returns the history after one more referee, or after a former referee has returned."""
        numbers = array("I", (whole_seconds(sample.at), *map(_digest, sample[1:])))
        own = self._index_of(numbers[1])
        kept, before = (self, None) if own is None else self._without_row(own)
        size, index = kept.size, kept._insertion_index(numbers[0], numbers[1])
        raw = numbers.tobytes()
        return ReferrerHistory(
            _with_cell(kept.moments, raw[:4], index),
            _with_cell(kept.people, raw[4:8], index),
            _with_sparse_cell(kept.devices, raw[8:12], index, size),
            _with_sparse_cell(kept.networks, raw[12:16], index, size),
            _with_sparse_cell(kept.clicks, raw[16:20], index, size),
            _with_sparse_cell(kept.unfollowed, b"\0", index, size),
            self._days_with(numbers[0] // _DAY_S, before),
            self.ban,
            self.in_cycle,
        )

    def _without_row(self, index: int) -> "tuple[ReferrerHistory, int]":
        """Returns the history without the person at an index, and the day on which their referral was counted."""
        kept = ReferrerHistory(
            _without_cell(self.moments, index, _WIDTH),
            _without_cell(self.people, index, _WIDTH),
            _without_cell(self.devices, index, _WIDTH),
            _without_cell(self.networks, index, _WIDTH),
            _without_cell(self.clicks, index, _WIDTH),
            _without_cell(self.unfollowed, index, 1),
        )
        return kept, _numbers(self.moments)[index] // _DAY_S

    def _insertion_index(self, second: int, person: int) -> int:
        """Returns the index at which a row belongs: sorted by moment, then by person."""
        moments = _numbers(self.moments)
        if not moments or moments[-1] < second:  # the usual case
            return len(moments)
        end = bisect_right(moments, second)
        return bisect_left(_numbers(self.people), person, bisect_left(moments, second, 0, end), end)

    def _days_with(self, day: int, before: int | None) -> tuple[tuple[int, int], ...]:
        """Returns the days after one more referral on a day. If it was counted on the day `before`, it moves."""
        if before is None and self.days and self.days[-1][0] == day:  # the usual case
            return *self.days[:-1], (day, self.days[-1][1] + 1)
        days = dict(self.days)
        if before in days:
            days[before] -= 1
        days[day] = days.get(day, 0) + 1
        return tuple(sorted(one for one in days.items() if one[1] > 0)[-MAX_DAYS:])

    def with_unfollow(self, person: str) -> "ReferrerHistory":
        """Returns the history after a referee has unfollowed."""
        index = self._index_of(_digest(person))
        if index is None:
            return self
        unfollowed = self.unfollowed or bytes(self.size)
        return replace(self, unfollowed=unfollowed[:index] + b"\1" + unfollowed[index + 1 :])

    def with_cycle(self, referral: str) -> "ReferrerHistory":
        """Returns the history after a referral became the newest edge of a cycle."""
        return replace(self, in_cycle=(*self.without_cycle(referral).in_cycle, referral))

    def without_cycle(self, referral: str) -> "ReferrerHistory":
        """Returns the history after that cycle was broken."""
        return replace(self, in_cycle=tuple(other for other in self.in_cycle if other != referral))

    def moments_around(self, second: int, span: int, person: str, network: str | None = None) -> list[int]:
        """Returns the moments less than `span` (s) from a moment, without that of `person`; of one network if it is given."""
        moments, own = _numbers(self.moments), self._index_of(_digest(person))
        near = range(bisect_right(moments, second - span), bisect_left(moments, second + span))
        if network is None:
            return [moments[index] for index in near if index != own]
        if not self.networks:
            return []
        networks, wanted = _numbers(self.networks), _digest(network)
        return [moments[index] for index in near if networks[index] == wanted and index != own]

    def count_between(self, first: int, end: int, person: str) -> int:
        """Returns the number of moments in [first, end) s, without that of `person`."""
        moments, own = _numbers(self.moments), self._index_of(_digest(person))
        return (
            bisect_left(moments, end) - bisect_left(moments, first) - (own is not None and first <= moments[own] < end)
        )

    def count_on_device(self, device: str, person: str) -> int:
        """Returns the number of people other than `person` with this device."""
        return self._count_others_with(self.devices, device, person)

    def count_by_click(self, click: str, person: str) -> int:
        """Returns the number of people other than `person` who came by this click."""
        return self._count_others_with(self.clicks, click, person)

    def _count_others_with(self, column: bytes, wanted: str, person: str) -> int:
        number = _digest(wanted)
        if array("I", (number,)).tobytes() not in column:  # the usual case
            return 0
        values, own = _numbers(column), self._index_of(_digest(person))
        return values.tolist().count(number) - (own is not None and values[own] == number)

    def count_others(self, person: str) -> tuple[int, int]:
        """Returns the number of people other than `person`, and how many of them have unfollowed."""
        own, left = self._index_of(_digest(person)), self.unfollowed.count(1)
        if own is None:
            return self.size, left
        return self.size - 1, left - (self.unfollowed[own] if left else 0)

    def daily_average_before(self, moment: int, days: int) -> float:
        """Returns the average number of referrals per day over that many whole days (UTC) before the day of a moment (ms)."""
        last = moment // DAY_MS
        return sum(count for day, count in self.days if last - days <= day < last) / days

    def _index_of(self, person: int) -> int | None:
        people, wanted = self.people, array("I", (person,)).tobytes()
        start = people.find(wanted)
        while start % _WIDTH and start > 0:  # bytes of two neighbours
            start = people.find(wanted, start + 1)
        return start // _WIDTH if start >= 0 else None


EMPTY_HISTORY = ReferrerHistory()
"""The history of a referrer without referees."""


def _numbers(column: bytes) -> memoryview:
    return memoryview(column).cast("I")


def _digest(text: str | None) -> int:
    """Returns the number of a text in a column; 0 without one, and never 0 with one."""
    return crc32(text.encode("utf-8", "surrogatepass")) or 1 if text else 0


def _with_cell(column: bytes, cell: bytes, index: int) -> bytes:
    """Returns a column with one more cell; the first one is dropped if there are too many."""
    place, most = index * len(cell), MAX_RECENT * len(cell)
    return (column[:place] + cell + column[place:])[-most:]


def _with_sparse_cell(column: bytes, cell: bytes, index: int, size: int) -> bytes:
    """The same for a column that is empty while it contains zeros only; `size` is the number of people so far."""
    if not column and not any(cell):
        return b""
    after = _with_cell(column or bytes(size * len(cell)), cell, index)
    return after if after.count(0) < len(after) else b""


def _without_cell(column: bytes, index: int, width: int) -> bytes:
    return column[: index * width] + column[(index + 1) * width :]
