"""`POST /v1/adapters/cloudevents`: accepts CloudEvents 1.0. `POST /v1/events` accepts them as well."""

from flask import g, request

from conversion_tracker.ingest.adapters.cloudevents.cloudevents_openapi import POST_CLOUDEVENTS
from conversion_tracker.ingest.adapters.cloudevents.cloudevents_request import parse_binary_mode, parse_cloudevents
from conversion_tracker.ingest.ingest_openapi import ACCEPTED
from conversion_tracker.ingest.ingest_response import IngestResponse, ingest_mapped
from conversion_tracker.ingest.program_access import program_access_check
from referral.http.api_keys import requires
from referral.http.json_body import Blueprint
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response

blueprint = Blueprint("cloudevents", __name__, description="CloudEvents 1.0 from any source.")


@blueprint.post("/v1/adapters/cloudevents")
@blueprint.doc(**POST_CLOUDEVENTS)
@without_rate_limit
@requires("events:write")
@response(IngestResponse, 202, description=ACCEPTED)
def post_cloudevents() -> IngestResponse:
    """Report events as CloudEvents 1.0: structured, batched (up to 1,000) or binary.

    `id` and `source` together identify an event, `subject` is the person, `time` is when it happened, and the last two words of
    `type` are the event type. The program is the extension attribute `program`, or the part of `source` that starts with `prg_`.
    """
    items = parse_cloudevents(request)
    return ingest_mapped([parse_binary_mode(request)] if items is None else items, program_access_check(g.key))
