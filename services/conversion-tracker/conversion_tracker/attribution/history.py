"""The history of a person: facts that affect their attribution, sorted by time, type and id, bounded in number.

The same facts give the same history in whatever order and however often they arrive, and the verdict depends only on the history.
"""

from bisect import bisect

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.attribution.timeline import EntryOrder, HistoryEntry, Timeline, Touch, entry_order, touch_order

MAX_ENTRIES = 64
MAX_WITHDRAWN = 64
MAX_ORDERS = 16  # orders, and as many refunds, that a checkpoint keeps


class Checkpoint(Struct, frozen=True, array_like=True, gc=False):
    """The timeline of all entries up to and including the one described here. Entries that old are no longer accepted."""

    at: int
    id: str
    timeline: Timeline
    micros: int = 0
    type_rank: int = 0

    @property
    def order(self) -> EntryOrder:
        """The sort key of its last entry."""
        return self.at, self.micros, self.type_rank, len(self.id), self.id


class History(Struct, frozen=True, array_like=True, gc=False):
    """The newest entries, at most MAX_ENTRIES, and a checkpoint of the older ones.

    `withdrawn` are the ids of events that were withdrawn, the newest last, at most MAX_WITHDRAWN.
    """

    entries: tuple[HistoryEntry, ...] = ()
    checkpoint: Checkpoint | None = None
    withdrawn: tuple[str, ...] = ()

    def with_entry(self, entry: HistoryEntry) -> "History":
        """Returns the history with an entry inserted; the same object if it has the entry already or the checkpoint is newer."""
        if not self.entries and self.checkpoint is None and not self.withdrawn:
            return History((entry,))
        if self._contains(entry):
            return self
        return _bound_entries(replace(self, entries=self._insert(entry)))

    def without_event(self, event: str) -> "History":
        """Returns the history as if an event had never been in it; the same object if it was withdrawn before.

        An event that is in the checkpoint stays: what it changed there is no longer known.
        """
        if event in self.withdrawn:
            return self
        entries = tuple(entry for entry in self.entries if entry.id != event)
        return replace(self, entries=entries, withdrawn=(*self.withdrawn, event)[-MAX_WITHDRAWN:])

    def has_event(self, event: str) -> bool:
        """Returns whether an event is among the entries."""
        return any(entry.id == event for entry in self.entries)

    def has_orders(self) -> bool:
        """Returns whether any entry, in the checkpoint too, is an order or a refund: false for most people."""
        if self.checkpoint is not None and (self.checkpoint.timeline.orders or self.checkpoint.timeline.refunds):
            return True
        return any(entry.order is not None for entry in self.entries)

    def _insert(self, entry: HistoryEntry) -> tuple[HistoryEntry, ...]:
        if self.entries and entry.at > self.entries[-1].at:  # events mostly arrive in order
            return (*self.entries, entry)
        index = bisect(self.entries, entry_order(entry), key=entry_order)
        return (*self.entries[:index], entry, *self.entries[index:])

    def _contains(self, entry: HistoryEntry) -> bool:
        if self.checkpoint and entry_order(entry) <= self.checkpoint.order:
            return True
        return entry.id in self.withdrawn or entry.id in [known.id for known in self.entries]

    def timeline(self) -> Timeline:
        """Returns the timeline of the whole history."""
        timeline = replace(self.checkpoint.timeline) if self.checkpoint else Timeline()
        for entry in self.entries:
            timeline.add(entry)
        return timeline


def _bound_entries(history: History) -> History:
    """Moves the oldest entry of a history that is too long into the checkpoint."""
    if len(history.entries) <= MAX_ENTRIES:
        return history
    oldest, *newer = history.entries
    timeline = replace(history.checkpoint.timeline) if history.checkpoint else Timeline()
    timeline.add(oldest)
    timeline.touches = _outermost_touches(timeline.touches)
    if timeline.orders or timeline.refunds:
        _bound_orders(timeline, oldest.at)
    at, micros, type_rank, _, id_ = entry_order(oldest)
    return History(tuple(newer), Checkpoint(at, id_, timeline, micros, type_rank), history.withdrawn)


def _bound_orders(timeline: Timeline, at: int) -> None:
    """Keeps the earliest valid orders, since the first one qualifies, and the newest refunds, whose orders may still arrive."""
    newer = [order for order in timeline.orders if order.at >= at]
    orders = timeline.valid_orders() if timeline.first_follow else newer
    timeline.orders, timeline.refunds = tuple(orders[:MAX_ORDERS]), timeline.refunds[-MAX_ORDERS:]


def _outermost_touches(touches: tuple[Touch, ...]) -> tuple[Touch, ...]:
    """Returns the oldest and the newest touch of each kind, with and without a flaw.

    One of them wins under every model, except if a first touch has expired by the time of the follow.
    """
    ends: dict[tuple[str, bool], tuple[Touch, Touch]] = {}
    for touch in touches:
        group = touch.kind, touch.flaw is None
        oldest, newest = ends.get(group, (touch, touch))
        ends[group] = min(oldest, touch, key=touch_order), max(newest, touch, key=touch_order)
    return tuple(dict.fromkeys(touch for pair in ends.values() for touch in pair))
