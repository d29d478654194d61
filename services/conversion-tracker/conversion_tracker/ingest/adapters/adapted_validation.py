"""Inspects events that an adapter mapped; every verdict names the item and the place in what the platform sent."""

from collections.abc import Callable, Sequence

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.mapped_event import MappedEvent, MappedItem, MappingError
from conversion_tracker.ingest.event_errors import EventError, EventRejected
from conversion_tracker.ingest.validation import ValidationResult
from referral.http.context import context


def validate_mapped(items: Sequence[MappedItem], admit: Callable[[str], None]) -> ValidationResult:
    """A verdict on each item. `admit` raises Refused for a program that events may not be sent to."""
    mapped = [(index, item) for index, item in enumerate(items) if isinstance(item, MappedEvent)]
    lines = [item.line for _, item in mapped]
    found = dependencies().event_validator.validate(lines, context().clock.now_ms(), admit)
    unmapped = [_refused(one).to_event_error(index) for index, one in enumerate(items) if isinstance(one, MappingError)]
    judged = [_in_their_words(refusal, *mapped[refusal.index]) for refusal in found.rejected]
    return ValidationResult(found.accepted, sorted(unmapped + judged, key=lambda refusal: refusal.index))


def _refused(unmapped: MappingError) -> EventRejected:
    return EventRejected(unmapped.reason, unmapped.pointer, unmapped.what)


def _in_their_words(refusal: EventError, index: int, item: MappedEvent) -> EventError:
    return EventError(index, refusal.code, item.source_pointer(refusal.pointer), refusal.detail)
