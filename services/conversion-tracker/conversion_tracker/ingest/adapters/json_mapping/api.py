"""`POST /v1/adapters/{name}/{program}`: a platform's own JSON, mapped by the `adapters` section of the program file."""

import base64
import hmac

from flask import g, request

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.catalog_lookups import adapter_secrets, look_up
from conversion_tracker.ingest.adapters.json_mapping.json_mapping_openapi import POST_WEBHOOK
from conversion_tracker.ingest.adapters.json_mapping.mapping import map_payload
from conversion_tracker.ingest.adapters.json_mapping.ping import is_ping
from conversion_tracker.ingest.adapters.json_mapping.webhook_response import WebhookResponse
from conversion_tracker.ingest.adapters.mapped_event import IgnoredItem, MappedItem, MappingError
from conversion_tracker.ingest.events_request import check_count, parse_foreign_payload
from conversion_tracker.ingest.ingest_openapi import ACCEPTED
from conversion_tracker.ingest.ingest_response import ingest_mapped
from conversion_tracker.ingest.program_access import check_program_exists
from referral.events.adapters import Adapter, AdapterSignature
from referral.http.api_keys import authenticate, require_program_access
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.require import unknown_program
from referral.http.responses import response

blueprint = Blueprint("adapters", __name__, description="Other platforms' webhooks, mapped by the program file.")

_PING = IgnoredItem("no_event", "", "The body is a ping, which contains no event.")


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
    adapter = _require_adapter(name, program)
    body = request.get_data(cache=False)
    ping = is_ping(body, request.mimetype)
    if ping and not _has_credentials(adapter):
        context().limiter.count(request)
    else:
        _authenticate(adapter, program, body)
    items: list[MappedItem] = [_PING] if ping else _map_or_error(parse_foreign_payload(body), adapter, program)
    return _record(check_count(items) if items else [], adapter)


def _record(items: list[MappedItem], adapter: Adapter) -> tuple[WebhookResponse, int]:
    """Publishes the events and counts what is ignored; the response with its status."""
    ignored = [item for item in items if isinstance(item, IgnoredItem)]
    for item in ignored:
        dependencies().count_ignored(adapter.id, item.reason)
    if len(ignored) == len(items):
        return WebhookResponse(0, [], [], ignored), 200
    done = ingest_mapped(items, check_program_exists)
    return WebhookResponse(done.accepted, done.rejected, done.warnings, ignored), 202


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
        _require_valid_signature(adapter.signature, program, body)


def _require_adapter(name: str, program: str) -> Adapter:
    """The adapter as declared in the version in force. Raises Problem 404."""
    now_ms = context().clock.now_ms()
    version = look_up(lambda catalog: catalog.program_at(program, now_ms))
    if version is None:
        raise _not_in_force(program)
    adapters = version.program.adapters
    adapter = next((one for one in adapters if one.id == name), None)
    if adapter is None:
        existing = ", ".join(one.id for one in adapters) or "none"
        detail = f"{program} has no adapter {name}; it has: {existing}. Add it to `adapters` in the program file."
        raise Problem(404, "unknown_adapter", detail)
    return adapter


def _not_in_force(program: str) -> Problem:
    newest = dependencies().catalog_snapshot.program(program)
    if newest is None:
        return unknown_program(program)
    detail = f"Program {program!r} is not in force before {newest.effective_from:%Y-%m-%dT%H:%MZ}. Send its events after that."
    return Problem(404, "unknown_program", detail)


def _require_valid_signature(declared: AdapterSignature, program: str, body: bytes) -> None:
    """Raises Problem 401 for a missing signature, 403 for an invalid one, and 404 if the secret is not set."""
    header = request.headers.get(declared.header, "")
    if not header:
        detail = (
            f"The header {declared.header} is missing. Sign the body: HMAC-SHA256 with the secret {declared.secret}."
        )
        raise Problem(401, "missing_signature", detail)
    secrets = adapter_secrets(program, declared.secret)
    signature = _decode_signature(header.removeprefix(declared.prefix or ""), declared.encoding)
    if not any(hmac.compare_digest(hmac.digest(one.encode(), body, "sha256"), signature) for one in secrets):
        detail = (
            f"The signature in {declared.header} is not the HMAC-SHA256 of this body with the secret {declared.secret}."
        )
        raise Problem(403, "bad_signature", f"{detail} Sign exactly the bytes that are sent.")


def _decode_signature(text: str, encoding: str) -> bytes:
    """The bytes of an encoded signature; empty if it is encoded in another way."""
    try:
        return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one
        return b""
