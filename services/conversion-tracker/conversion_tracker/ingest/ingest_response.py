"""Publishes the valid events of a request and responds: 202 with an error for each invalid event, 422 if all are invalid."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.mapped_event import MappedItem
from conversion_tracker.ingest.event_errors import EventError
from conversion_tracker.ingest.event_warnings import EventWarning
from conversion_tracker.ingest.program_terms import ProgramLookup
from conversion_tracker.ingest.validation import ValidationResult
from referral.http.context import context
from referral.http.problems import Problem
from referral.telemetry.metrics import counter


class IngestResponse(msgspec.Struct, frozen=True):
    """How many events were written to the log, warnings about them, and the errors of the others."""

    accepted: Annotated[
        int,
        msgspec.Meta(
            ge=0, description="The number of valid events; Kafka has acknowledged them. 0 for an empty batch."
        ),
    ]
    rejected: list[EventError]
    warnings: Annotated[
        list[EventWarning],
        msgspec.Meta(description="About accepted events: invalid optional fields, and what changes no attribution."),
    ]


def ingest_mapped(items: Sequence[MappedItem], look_up: ProgramLookup) -> IngestResponse:
    """Validates and publishes events that an adapter mapped. Raises as `publish_and_respond` does."""
    return publish_and_respond(validate_mapped(items, look_up))


def validate_mapped(items: Sequence[MappedItem], look_up: ProgramLookup) -> ValidationResult:
    """Validates events that an adapter mapped."""
    return dependencies().event_validator.validate_mapped(items, context().clock.now_ms(), look_up)


def publish_and_respond(result: ValidationResult) -> IngestResponse:
    """Publishes the accepted events. Raises Problem 422 if none was accepted; NotDurable and Overloaded (503)."""
    publish_accepted(result)
    return IngestResponse(len(result.accepted), result.rejected, result.warnings)


def publish_accepted(result: ValidationResult, *, may_be_none: bool = False) -> None:
    """Returns when Kafka has acknowledged the accepted events.

    Raises as `publish_and_respond` does; with `may_be_none` no Problem if none was accepted.
    """
    for error in result.rejected:
        counter("ingest_rejected").labels(error.code).inc()
    for warning in result.warnings:
        counter("ingest_warnings").labels(warning.code).inc()
    if result.accepted:
        dependencies().publish_events(result.accepted, result.people)
    elif result.rejected and not may_be_none:
        raise _all_rejected(result.rejected)


def _all_rejected(rejected: list[EventError]) -> Problem:
    errors: list[dict[str, Any]] = msgspec.to_builtins(rejected)
    detail = rejected[0].detail if len(rejected) == 1 else f"All {len(rejected)} events are invalid; see `errors`."
    return Problem(422, "events_refused", detail, errors)
