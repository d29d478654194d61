"""How a body of events is answered: 202 with a verdict on each once the log has what is good, 422 where nothing is."""

from typing import Any

import msgspec
from flask import Response

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.event_errors import EventError
from conversion_tracker.ingest.validation import ValidationResult
from referral.http.problems import Problem
from referral.telemetry.metrics import counter


class IngestResponse(msgspec.Struct, frozen=True):
    """How many events are on the log, and which were refused."""

    accepted: int
    rejected: list[EventError]


_encode = msgspec.json.Encoder().encode


def publish_and_respond(found: ValidationResult) -> Response:
    """Puts what was accepted on the log, and says so. Raises Problem 422 for nothing good, NotDurable and Overloaded (503)."""
    publish_accepted(found)
    return Response(_encode(IngestResponse(len(found.accepted), found.rejected)), 202, mimetype="application/json")


def publish_accepted(found: ValidationResult) -> None:
    """Returns once the log has what was accepted. Raises as `receipt` does."""
    for one in found.rejected:
        counter("ingest_rejected").labels(one.code).inc()
    if not found.accepted:
        raise _all_rejected(found.rejected)
    dependencies().publish_events(found.accepted)


def _all_rejected(refused: list[EventError]) -> Problem:
    errors: list[dict[str, Any]] = msgspec.to_builtins(refused)
    what = refused[0].detail if len(refused) == 1 else f"All {len(refused)} events were refused; `errors` says why."
    return Problem(422, "events_refused", what, errors)
