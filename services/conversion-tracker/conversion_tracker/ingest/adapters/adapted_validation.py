"""Inspects events that an adapter mapped; every verdict names the item and the place in what the platform sent."""

from collections.abc import Callable, Sequence

from conversion_tracker.dependencies import collaborators
from conversion_tracker.ingest.adapters.mapped_event import Item, Mapped, Unmapped
from conversion_tracker.ingest.event_errors import Refusal, Refused
from conversion_tracker.ingest.validation import Inspection
from referral.http.context import context


def inspected(items: Sequence[Item], admit: Callable[[str], None]) -> Inspection:
    """A verdict on each item. `admit` raises Refused for a program that events may not be sent to."""
    mapped = [(index, item) for index, item in enumerate(items) if isinstance(item, Mapped)]
    lines = [item.line for _, item in mapped]
    found = collaborators().inspector.inspect(lines, context().clock.now_ms(), admit)
    unmapped = [_refused(one).at(index) for index, one in enumerate(items) if isinstance(one, Unmapped)]
    judged = [_in_their_words(refusal, *mapped[refusal.index]) for refusal in found.refused]
    return Inspection(found.accepted, sorted(unmapped + judged, key=lambda refusal: refusal.index))


def _refused(unmapped: Unmapped) -> Refused:
    return Refused(unmapped.reason, unmapped.pointer, unmapped.what)


def _in_their_words(refusal: Refusal, index: int, item: Mapped) -> Refusal:
    return Refusal(index, refusal.code, item.theirs(refusal.pointer), refusal.detail)
