"""How a body of events is answered: 202 with a verdict on each once the log has what is good, 422 where nothing is."""

from typing import Any

import msgspec
from flask import Response

from conversion_tracker.dependencies import collaborators
from conversion_tracker.ingest.event_errors import Refusal
from conversion_tracker.ingest.validation import Inspection
from referral.http.problems import Problem
from referral.telemetry.metrics import counter


class Receipt(msgspec.Struct, frozen=True):
    """How many events are on the log, and which were refused."""

    accepted: int
    rejected: list[Refusal]


_encode = msgspec.json.Encoder().encode


def receipt(found: Inspection) -> Response:
    """Puts what was accepted on the log, and says so. Raises Problem 422 for nothing good, NotDurable and Overloaded (503)."""
    keep(found)
    return Response(_encode(Receipt(len(found.accepted), found.refused)), 202, mimetype="application/json")


def keep(found: Inspection) -> None:
    """Returns once the log has what was accepted. Raises as `receipt` does."""
    for one in found.refused:
        counter("ingest_rejected").labels(one.code).inc()
    if not found.accepted:
        raise _all_refused(found.refused)
    collaborators().send(found.accepted)


def _all_refused(refused: list[Refusal]) -> Problem:
    errors: list[dict[str, Any]] = msgspec.to_builtins(refused)
    what = refused[0].detail if len(refused) == 1 else f"All {len(refused)} events were refused; `errors` says why."
    return Problem(422, "events_refused", what, errors)
