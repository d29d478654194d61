"""`POST /v1/adapters/cloudevents`: CloudEvents 1.0 in. `POST /v1/events` takes them as well."""

from flask import Response, g, request
from flask_smorest import Blueprint

from conversion_tracker.ingest.adapters.adapted_validation import validate_mapped
from conversion_tracker.ingest.adapters.adapters_openapi import CLOUDEVENTS
from conversion_tracker.ingest.adapters.cloudevents.cloudevents_request import parse_binary_mode, parse_cloudevents
from conversion_tracker.ingest.ingest_response import publish_and_respond
from conversion_tracker.ingest.program_access import program_access_check
from referral.http.api_keys import requires
from referral.http.rate_limit import unlimited

blueprint = Blueprint("cloudevents", __name__, description="CloudEvents 1.0, from whatever speaks it.")


@blueprint.post("/v1/adapters/cloudevents")
@blueprint.doc(**CLOUDEVENTS)
@unlimited
@requires("events:write")
def post_cloudevents() -> Response:
    """Report what happened as CloudEvents 1.0: structured, batched (up to 1,000) or binary.

    `id` and `source` tell an event from all others, `subject` is the person, `time` when it happened, the last two words of `type`
    our type. The program is the extension attribute `program`, or the part of `source` that begins with `prg_`.
    """
    sent = parse_cloudevents(request)
    return publish_and_respond(
        validate_mapped([parse_binary_mode(request)] if sent is None else sent, program_access_check(g.key))
    )
