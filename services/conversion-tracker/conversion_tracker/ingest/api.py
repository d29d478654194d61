"""`POST /v1/events`: facts in. Each event gets its verdict; what is good is answered 202 once the log has it for good."""

from flask import Response, g, request
from flask_smorest import Blueprint

from conversion_tracker.dependencies import collaborators
from conversion_tracker.ingest.adapters.adapted_validation import inspected
from conversion_tracker.ingest.adapters.cloudevents.request_modes import cloudevents_in
from conversion_tracker.ingest.events_openapi import DOCUMENTED
from conversion_tracker.ingest.fast_path import FAILED, ROUTE
from conversion_tracker.ingest.ingest_response import receipt
from conversion_tracker.ingest.program_access import admission
from conversion_tracker.ingest.request_bodies import events_in
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.rate_limit import unlimited

blueprint = Blueprint("events", __name__, description="What happened, from platforms.")


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
    sent = cloudevents_in(request)
    if sent is not None:
        return receipt(inspected(sent, admission(g.key)))
    raws = events_in(request.get_data(cache=False), request.mimetype)
    found = collaborators().inspector.inspect(raws, context().clock.now_ms(), admission(g.key))
    return receipt(found)
