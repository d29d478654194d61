"""`POST /v1/adapters/{name}/{program}`: a platform's own JSON, mapped as the program file says under `adapters:`."""

import base64
import hmac

from flask import Response, g, request
from flask_smorest import Blueprint

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.adapted_validation import validate_mapped
from conversion_tracker.ingest.adapters.adapters_openapi import GENERIC
from conversion_tracker.ingest.adapters.catalog_lookups import look_up
from conversion_tracker.ingest.adapters.json_mapping.mapping import map_payload
from conversion_tracker.ingest.adapters.mapped_event import MappedItem, MappingError
from conversion_tracker.ingest.adapters.payload_request import check_count, parse_payload
from conversion_tracker.ingest.adapters.secrets import adapter_secrets
from conversion_tracker.ingest.ingest_response import publish_and_respond
from conversion_tracker.ingest.program_access import check_program_exists
from referral.events.adapters import Adapter, AdapterSignature
from referral.http.api_keys import authenticate, require_program_access
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.rate_limit import unlimited
from referral.http.require import unknown_program

blueprint = Blueprint("adapters", __name__, description="Other platforms' webhooks, as a program file maps them.")


@blueprint.post("/v1/adapters/<name>/<program>")
@blueprint.doc(**GENERIC)
@unlimited
def webhook(name: str, program: str) -> Response:
    """Take a platform's webhook: one JSON object, an array, or an object with the list that the adapter names.

    An adapter that declares a signature believes the signature; any other asks for an API key with `events:write`.
    """
    adapter = _require_adapter(name, program)
    body = request.get_data(cache=False)
    if adapter.signature is None:
        g.key = authenticate("events:write")
        require_program_access(g.key, program)
    else:
        _check_signature(adapter.signature, program, body)
    return publish_and_respond(
        validate_mapped(check_count(_map_or_error(parse_payload(body), adapter, program)), check_program_exists)
    )


def _map_or_error(payload: object, adapter: Adapter, program: str) -> list[MappedItem]:
    try:
        return map_payload(payload, adapter, program)
    except MappingError as unmapped:
        return [unmapped]


def _require_adapter(name: str, program: str) -> Adapter:
    """Returns the adapter that the program's rules in force declare. Raises Problem 404."""
    now_ms = context().clock.now_ms()
    version = look_up(lambda catalog: catalog.program_at(program, now_ms))
    if version is None:
        raise _not_in_force(program)
    found = next((one for one in version.program.adapters if one.id == name), None)
    if found is None:
        there = ", ".join(one.id for one in version.program.adapters) or "none"
        detail = (
            f"{program} declares no adapter {name}; it has {there}. Declare it under `adapters:` in the program file."
        )
        raise Problem(404, "unknown_adapter", detail)
    return found


def _not_in_force(program: str) -> Problem:
    newest = dependencies().catalog_snapshot.program(program)
    if newest is None:
        return unknown_program(program)
    detail = f"Program {program!r} is not in force before {newest.effective_from:%Y-%m-%dT%H:%MZ}. Send its events after that."
    return Problem(404, "unknown_program", detail)


def _check_signature(declared: AdapterSignature, program: str, body: bytes) -> None:
    """Raises Problem 401 without a signature, 403 for a wrong one, 404 without a secret."""
    said = request.headers.get(declared.header, "")
    if not said:
        detail = (
            f"The header {declared.header} is missing. Sign the body: HMAC-SHA256 with the secret {declared.secret}."
        )
        raise Problem(401, "missing_signature", detail)
    secrets = adapter_secrets(program, declared.secret)
    made = _decode_signature(said.removeprefix(declared.prefix or ""), declared.encoding)
    if not any(hmac.compare_digest(hmac.digest(one.encode(), body, "sha256"), made) for one in secrets):
        detail = (
            f"The signature in {declared.header} is not the HMAC-SHA256 of this body with the secret {declared.secret}."
        )
        raise Problem(403, "bad_signature", f"{detail} Sign the very bytes that are sent.")


def _decode_signature(text: str, encoding: str) -> bytes:
    """The bytes of a written signature; none where it is not written so."""
    try:
        return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except ValueError:  # binascii's error is one
        return b""
