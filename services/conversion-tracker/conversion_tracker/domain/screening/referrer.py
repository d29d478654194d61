"""What screening remembers of a referrer: the newest of those they brought, and how many came a day. Both are bounded."""

from bisect import bisect_left
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

MAX_RECENT = 128
MAX_DAYS = 16
DAY_MS = 24 * 3600 * 1000


class Brought(Struct, frozen=True, array_like=True, gc=False):
    """Somebody the referrer brought, and when that qualified (ms). `left` where they have unfollowed since."""

    at: int
    person: str
    device: str | None = None
    network: str | None = None
    left: bool = False


class Referrer(Struct, frozen=True, array_like=True, tag="referrer", gc=False):
    """A referrer as screening knows them.

    `recent` is sorted by (moment, person), each person once; `days` has (day since the epoch, in UTC; how many qualified), the
    newest days on which there were any.
    """

    recent: tuple[Brought, ...] = ()
    days: tuple[tuple[int, int], ...] = ()

    def with_(self, brought: Brought) -> "Referrer":
        """The referrer after one more was brought, or one who had been brought before came back."""
        days = dict(self.days)
        others = tuple(self.besides(brought.person))
        if len(others) < len(self.recent):
            before = next(one for one in self.recent if one.person == brought.person)
            days[before.at // DAY_MS] = days.get(before.at // DAY_MS, 1) - 1
        day = brought.at // DAY_MS
        days[day] = days.get(day, 0) + 1
        newest_days = sorted(one for one in days.items() if one[1] > 0)[-MAX_DAYS:]
        place = bisect_left(others, (brought.at, brought.person), key=lambda one: (one.at, one.person))
        return Referrer((*others[:place], brought, *others[place:])[-MAX_RECENT:], tuple(newest_days))

    def without(self, person: str) -> "Referrer":
        """The referrer after somebody whom they had brought has left."""
        return replace(self, recent=tuple(replace(one, left=one.left or one.person == person) for one in self.recent))

    def besides(self, person: str) -> Iterator[Brought]:
        """Those they brought, somebody left out."""
        return (one for one in self.recent if one.person != person)

    def a_day_before(self, moment: int, days: int) -> float:
        """How many qualified a day on average over so many whole days (UTC) before the day of a moment (ms)."""
        last = moment // DAY_MS
        return sum(count for day, count in self.days if last - days <= day < last) / days


UNKNOWN = Referrer()
"""A referrer who has brought nobody yet."""
