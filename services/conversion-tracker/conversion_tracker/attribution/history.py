"""A person's history: what bears on who brought them, sorted by (moment, id), bounded. Moments are milliseconds since the epoch.

Whatever arrives how often in whatever order gives the same history, and only the history is judged.
"""

from bisect import bisect
from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from referral.events.attributions import EvidenceKind
from referral.events.facts import Channel

MAX_ENTRIES = 64
MAX_SALES = 16  # orders, and refunds, that are remembered beyond these entries

What = Literal["touch", "follow", "unfollow", "order", "refund"]
Problem = Literal["unknown_code", "unknown_mention", "self_referral", "expired"]


class Touch(Struct, frozen=True, array_like=True, gc=False):
    """Something that may have brought a person. `referrer` is a participant id, empty where there is a `problem` with it.

    `partner` is the partner that the referrer is, or that the link was made for; `by_partner` says whether they are one.
    """

    kind: EvidenceKind
    at: int
    event: str
    referrer: str = ""
    problem: Problem | None = None
    code: str | None = None
    channel: Channel | None = None
    content: str | None = None
    cta: str | None = None
    partner: str | None = None
    campaign: str | None = None
    by_partner: bool = False


class Sale(Struct, frozen=True, array_like=True, gc=False):
    """An order that was paid, or given back: then without amount. `order` is its id at the shop."""

    at: int
    order: str
    amount: Decimal = Decimal(0)
    currency: str = ""


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """A fact that bears on attribution. A follow keeps the `version` of the rules in force then (0: none was).

    `offset` and `line` say where it stands in its partition of the events, as it came first; -1 where that was not kept.
    """

    at: int
    id: str
    what: What
    touches: tuple[Touch, ...] = ()
    version: int = 0
    device: str | None = None
    sale: Sale | None = None
    network: str | None = None
    handle: str | None = None
    offset: int = -1
    line: int = 0


class Course(Struct, array_like=True, gc=False):
    """What entries taken in order come to: touches up to the first follow, that follow, whether the person follows now, orders."""

    touches: tuple[Touch, ...] = ()
    first: Entry | None = None
    since: int | None = None  # the follow that the person's following rests on; None while they do not follow
    ended: int | None = None  # the last unfollow
    spells: int = 0  # how often they began to follow
    sales: tuple[Sale, ...] = ()
    refunds: tuple[Sale, ...] = ()

    def take(self, entry: Entry) -> None:
        """Goes on by one entry."""
        if self.first is None:
            self.touches += entry.touches
        if entry.what == "follow":
            self.first = self.first or entry
            if self.since is None:
                self.since = entry.at
                self.spells += 1
        elif entry.what == "unfollow" and self.since is not None:
            self.since, self.ended = None, entry.at
        elif entry.sale is not None:
            self._trade(entry.what, entry.sale)

    def _trade(self, what: What, sale: Sale) -> None:
        if what == "order":
            self.sales += (sale,)
        else:
            self.refunds += (sale,)

    def standing_sales(self) -> list[Sale]:
        """Orders at or after the first follow that were not given back, the earliest first.

        A refund may be told before its order, so an order that any refund names does not stand.
        """
        if self.first is None:
            return []
        gone = {refund.order for refund in self.refunds}
        return [one for one in self.sales if one.at >= self.first.at and one.order not in gone]


class Checkpoint(Struct, frozen=True, array_like=True, gc=False):
    """Entries up to and including (at, id), frozen: nothing that old is taken in any more."""

    at: int
    id: str
    course: Course


class History(Struct, frozen=True, array_like=True, gc=False):
    """The newest entries, at most 64, and what the older ones came to."""

    entries: tuple[Entry, ...] = ()
    frozen: Checkpoint | None = None

    def with_(self, entry: Entry) -> "History":
        """The history with this entry in its place; the same object where the entry is no news or older than the checkpoint."""
        if not self.entries and self.frozen is None:
            return History((entry,))
        if self._holds(entry):
            return self
        place = bisect(self.entries, (entry.at, entry.id), key=_order)
        grown = (*self.entries[:place], entry, *self.entries[place:])
        return _bounded(History(grown, self.frozen))

    def _holds(self, entry: Entry) -> bool:
        if self.frozen and (entry.at, entry.id) <= (self.frozen.at, self.frozen.id):
            return True
        return entry.id in [one.id for one in self.entries]

    def course(self) -> Course:
        """What the whole history comes to."""
        course = replace(self.frozen.course) if self.frozen else Course()
        for entry in self.entries:
            course.take(entry)
        return course


def _order(entry: Entry) -> tuple[int, str]:
    return entry.at, entry.id


def _bounded(history: History) -> History:
    """Freezes the oldest entry of a history that has grown too long."""
    if len(history.entries) <= MAX_ENTRIES:
        return history
    oldest, *kept = history.entries
    course = replace(history.frozen.course) if history.frozen else Course()
    course.take(oldest)
    course.touches = _outermost(course.touches)
    if course.sales or course.refunds:
        _forget_sales(course, oldest.at)
    return History(tuple(kept), Checkpoint(oldest.at, oldest.id, course))


def _forget_sales(course: Course, at: int) -> None:
    """Of orders the earliest that stand are kept, since the first one qualifies; of refunds the newest, of orders yet to come."""
    standing = course.standing_sales() if course.first else [one for one in course.sales if one.at >= at]
    course.sales, course.refunds = tuple(standing[:MAX_SALES]), course.refunds[-MAX_SALES:]


def _outermost(touches: tuple[Touch, ...]) -> tuple[Touch, ...]:
    """The oldest and the newest of each kind, sound and unsound apart: one of them wins, but for a first touch that expires."""
    ends: dict[tuple[str, bool], tuple[Touch, Touch]] = {}
    for touch in touches:
        sort = touch.kind, touch.problem is None
        oldest, newest = ends.get(sort, (touch, touch))
        ends[sort] = min(oldest, touch, key=moment), max(newest, touch, key=moment)
    return tuple(dict.fromkeys(touch for pair in ends.values() for touch in pair))


def moment(touch: Touch) -> tuple[int, str]:
    """What touches are sorted by."""
    return touch.at, touch.event
