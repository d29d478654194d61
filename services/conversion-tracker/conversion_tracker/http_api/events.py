"""`POST /v1/events`: facts in. Each event gets its verdict; what is good is answered 202 once the log has it for good."""

from typing import Any

import msgspec
from flask import Response, g, request
from flask_smorest import Blueprint

from conversion_tracker.http_api.admission import admission
from conversion_tracker.http_api.bodies import events_in
from conversion_tracker.http_api.collaborators import collaborators
from conversion_tracker.http_api.events_documented import DOCUMENTED
from conversion_tracker.http_api.front import FAILED, ROUTE
from conversion_tracker.http_api.inspection import Inspection
from conversion_tracker.http_api.refusals import Refusal
from referral.http.context import context
from referral.http.keys import requires
from referral.http.limits import unlimited
from referral.http.problems import Problem
from referral.telemetry.metrics import counter

blueprint = Blueprint("events", __name__, description="What happened, from platforms.")


class Receipt(msgspec.Struct, frozen=True):
    """How many events are on the log, and which were refused."""

    accepted: int
    rejected: list[Refusal]


_encode = msgspec.json.Encoder().encode


@blueprint.post(ROUTE)
@blueprint.doc(**DOCUMENTED)
@unlimited
@requires("events:write")
def post_events() -> Response:
    """Report what happened: one event, or up to 1,000 at once.

    Send the same event again, under the same id, whenever an answer stays away: it counts once. One bad event never spoils
    the rest.
    """
    failed = request.environ.get(FAILED)
    if failed is not None:
        raise failed
    raws = events_in(request.get_data(cache=False), request.mimetype)
    found = collaborators().inspector.inspect(raws, context().clock.now_ms(), admission(g.key))
    _count_refused(found.refused)
    if not found.accepted:
        raise _all_refused(found.refused)
    collaborators().send(found.accepted)
    return Response(_encode(_receipt(found)), 202, mimetype="application/json")


def _receipt(found: Inspection) -> Receipt:
    return Receipt(len(found.accepted), found.refused)


def _count_refused(refused: list[Refusal]) -> None:
    for one in refused:
        counter("ingest_rejected").labels(one.code).inc()


def _all_refused(refused: list[Refusal]) -> Problem:
    errors: list[dict[str, Any]] = msgspec.to_builtins(refused)
    what = refused[0].detail if len(refused) == 1 else f"All {len(refused)} events were refused; `errors` says why."
    return Problem(422, "events_refused", what, errors)
