"""`POST /v1/events`: accepts events. Each is validated on its own; 202 means that Kafka has acknowledged the valid ones."""

from flask import g, request

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.cloudevents.cloudevents_request import parse_cloudevents
from conversion_tracker.ingest.events_openapi import POST_EVENTS
from conversion_tracker.ingest.events_request import split_events
from conversion_tracker.ingest.fast_path import PUBLISH_ERROR, ROUTE
from conversion_tracker.ingest.ingest_openapi import ACCEPTED
from conversion_tracker.ingest.ingest_response import IngestResponse, ingest_mapped, publish_and_respond
from conversion_tracker.ingest.program_access import program_access_check
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response

blueprint = Blueprint("events", __name__, description="Events from platforms.")


@blueprint.post(ROUTE)
@blueprint.doc(**POST_EVENTS)
@without_rate_limit
@requires("events:write")
@response(IngestResponse, 202, description=ACCEPTED)
def post_events() -> IngestResponse:
    """Report one event, or up to 1,000 at once.

    Send the same event again, with the same id, if there is no response: it is counted once. An invalid event does not affect
    the others, and an invalid optional field does not affect its event: it is left out. `warnings` has what was left out, and
    what changes no attribution: unknown codes and mentions, and times before the program was applied.

    The body may be compressed (`Content-Encoding: gzip`), and may begin with a byte order mark.

    `person.signed_up` is another name of `person.followed`, and `person.left` of `person.unfollowed`.
    """
    error = request.environ.get(PUBLISH_ERROR)
    if error is not None:
        raise error
    cloudevents = parse_cloudevents(request)
    check = program_access_check(g.key)
    if cloudevents is not None:
        return ingest_mapped(cloudevents, check)
    raws = split_events(request.get_data(cache=False), request.mimetype)
    return publish_and_respond(dependencies().event_validator.validate(raws, context().clock.now_ms(), check))
