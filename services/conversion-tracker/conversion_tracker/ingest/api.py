"""`POST /v1/events`: facts in. Each event gets its verdict; what is good is answered 202 once the log has it for good."""

from flask import Response, g, request
from flask_smorest import Blueprint

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.adapted_validation import validate_mapped
from conversion_tracker.ingest.adapters.cloudevents.cloudevents_request import parse_cloudevents
from conversion_tracker.ingest.events_openapi import POST_EVENTS
from conversion_tracker.ingest.events_request import split_events
from conversion_tracker.ingest.fast_path import PUBLISH_ERROR, ROUTE
from conversion_tracker.ingest.ingest_response import publish_and_respond
from conversion_tracker.ingest.program_access import program_access_check
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.rate_limit import unlimited

blueprint = Blueprint("events", __name__, description="What happened, from platforms.")


@blueprint.post(ROUTE)
@blueprint.doc(**POST_EVENTS)
@unlimited
@requires("events:write")
def post_events() -> Response:
    """Report what happened: one event, or up to 1,000 at once.

    Send the same event again, under the same id, whenever an answer stays away: it counts once. One bad event never spoils
    the rest.
    """
    failed = request.environ.get(PUBLISH_ERROR)
    if failed is not None:
        raise failed
    sent = parse_cloudevents(request)
    if sent is not None:
        return publish_and_respond(validate_mapped(sent, program_access_check(g.key)))
    raws = split_events(request.get_data(cache=False), request.mimetype)
    found = dependencies().event_validator.validate(raws, context().clock.now_ms(), program_access_check(g.key))
    return publish_and_respond(found)
