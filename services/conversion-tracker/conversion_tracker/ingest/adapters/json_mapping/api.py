"""`POST /v1/adapters/{name}/{program}`: a platform's own JSON, mapped by the `adapters` section of the program file."""

from flask import g, request

from conversion_tracker.ingest.adapters.json_mapping.json_mapping_openapi import POST_WEBHOOK
from conversion_tracker.ingest.adapters.json_mapping.mapping import map_payload
from conversion_tracker.ingest.adapters.json_mapping.ping import is_ping
from conversion_tracker.ingest.adapters.json_mapping.webhook_response import WebhookResponse
from conversion_tracker.ingest.adapters.mapped_event import MappedItem, MappingError
from conversion_tracker.ingest.adapters.signed_webhook_request import (
    PING,
    record_items,
    require_program_in_force,
    require_valid_signature,
)
from conversion_tracker.ingest.events_request import check_count, parse_foreign_payload
from conversion_tracker.ingest.ingest_openapi import ACCEPTED
from referral.events.adapters import Adapter
from referral.http.api_keys import authenticate, require_program_access
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response

blueprint = Blueprint("adapters", __name__, description="Other platforms' webhooks, mapped by the program file.")


@blueprint.post("/v1/adapters/<name>/<program>")
@blueprint.doc(**POST_WEBHOOK)
@without_rate_limit
@response(WebhookResponse, 200, description="There was no event to record: nothing that the adapter maps, or a ping.")
@response(WebhookResponse, 202, description=ACCEPTED)
def webhook(name: str, program: str) -> tuple[WebhookResponse, int]:
    """Accept a platform's webhook: one JSON object, an array, or an object with the list that the adapter names.

    If the adapter declares a signature, the request must have it; otherwise it must have an API key with `events:write`. Only a
    ping, which contains no event, may come without.
    """
    return accept_webhook(_require_adapter(name, program), program)


def accept_webhook(adapter: Adapter, program: str) -> tuple[WebhookResponse, int]:
    """The response to this request by an adapter of the program file. Raises Problem."""
    body = request.get_data(cache=False)
    ping = is_ping(body, request.mimetype)
    if ping and not _has_credentials(adapter):
        context().limiter.count(request)
    else:
        _authenticate(adapter, program, body)
    items: list[MappedItem] = [PING] if ping else _map_or_error(parse_foreign_payload(body), adapter, program)
    return record_items(check_count(items) if items else [], adapter.id)


def _map_or_error(payload: object, adapter: Adapter, program: str) -> list[MappedItem]:
    name = request.headers.get(adapter.type_header, "").strip() if adapter.type_header else None
    try:
        return map_payload(payload, adapter, program, name)
    except MappingError as error:
        return [error]


def _has_credentials(adapter: Adapter) -> bool:
    header = adapter.signature.header if adapter.signature else "Authorization"
    return bool(request.headers.get(header))


def _authenticate(adapter: Adapter, program: str, body: bytes) -> None:
    """Raises Problem 401 or 403 for a request without the declared signature or, if none is declared, a valid API key."""
    if adapter.signature is None:
        g.key = authenticate("events:write")
        require_program_access(g.key, program)
    else:
        require_valid_signature(adapter.signature, program, body)


def _require_adapter(name: str, program: str) -> Adapter:
    """The adapter as declared in the version in force. Raises Problem 404."""
    adapters = require_program_in_force(program).adapters
    adapter = next((one for one in adapters if one.id == name), None)
    if adapter is None:
        existing = ", ".join(one.id for one in adapters) or "none"
        detail = f"{program} has no adapter {name}; it has: {existing}. Add it to `adapters` in the program file."
        raise Problem(404, "unknown_adapter", detail)
    return adapter
