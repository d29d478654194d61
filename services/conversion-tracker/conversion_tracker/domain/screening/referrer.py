"""What screening remembers of a referrer: the newest of those they brought, and how many came a day. Both are bounded."""

from bisect import bisect_left, bisect_right
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.domain.ban import Ban

MAX_RECENT = 128
MAX_DAYS = 16
DAY_MS = 24 * 3600 * 1000
_order, _at = attrgetter("at", "person"), attrgetter("at")


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
    newest days on which there were any. `ban` is there while they are banned; `circled` are those of
    their referrals that close a circle of edges.
    """

    recent: tuple[Brought, ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    ban: Ban | None = None
    circled: tuple[str, ...] = ()

    def with_(self, brought: Brought) -> "Referrer":
        """The referrer after one more was brought, or one who had been brought before came back."""
        before = self.remembered(brought.person)
        others = self.recent if before is None else tuple(one for one in self.recent if one is not before)
        place = bisect_left(others, (brought.at, brought.person), key=_order)
        recent = (*others[:place], brought, *others[place:])[-MAX_RECENT:]
        return replace(self, recent=recent, days=self._days_with(brought, before))

    def _days_with(self, brought: Brought, before: Brought | None) -> tuple[tuple[int, int], ...]:
        """The days after one more; who was counted before is counted on the new day instead."""
        days = dict(self.days)
        if before is not None and (old := before.at // DAY_MS) in days:
            days[old] -= 1
        day = brought.at // DAY_MS
        days[day] = days.get(day, 0) + 1
        return tuple(sorted(one for one in days.items() if one[1] > 0)[-MAX_DAYS:])

    def without(self, person: str) -> "Referrer":
        """The referrer after somebody whom they had brought has left."""
        one = self.remembered(person)
        if one is None or one.left:
            return self
        place = self.recent.index(one)
        return replace(self, recent=(*self.recent[:place], replace(one, left=True), *self.recent[place + 1 :]))

    def remembered(self, person: str) -> Brought | None:
        """What is remembered of somebody; None of who was never brought, or too long ago."""
        found = [one for one in self.recent if one.person == person]
        return found[0] if found else None

    def circling(self, referral: str) -> "Referrer":
        """The referrer after one of their referrals closed a circle."""
        return replace(self, circled=(*self.not_circling(referral).circled, referral))

    def not_circling(self, referral: str) -> "Referrer":
        """The referrer after that circle opened."""
        return replace(self, circled=tuple(one for one in self.circled if one != referral))

    def around(self, moment: int, span: int, person: str) -> list[Brought]:
        """Those whose moments lie less than `span` (ms) from a moment, without `person`."""
        first = bisect_right(self.recent, moment - span, key=_at)
        last = bisect_left(self.recent, moment + span, key=_at)
        return [one for one in self.recent[first:last] if one.person != person]

    def a_day_before(self, moment: int, days: int) -> float:
        """How many qualified a day on average over so many whole days (UTC) before the day of a moment (ms)."""
        last = moment // DAY_MS
        return sum(count for day, count in self.days if last - days <= day < last) / days


UNKNOWN = Referrer()
"""A referrer who has brought nobody yet."""
