"""A webhook that its platform signed: the check of the signature, and the response to what it contained."""

import base64
import hmac

from flask import request

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.catalog_lookups import adapter_secrets, look_up
from conversion_tracker.ingest.adapters.json_mapping.webhook_response import WebhookResponse
from conversion_tracker.ingest.adapters.mapped_event import IgnoredItem, MappedItem
from conversion_tracker.ingest.ingest_response import ingest_mapped
from conversion_tracker.ingest.program_access import check_program_exists
from referral.events.adapters import AdapterSignature
from referral.events.program import Program
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.require import unknown_program

PING = IgnoredItem("no_event", "", "The body is a ping, which contains no event.")


def require_program_in_force(program: str) -> Program:
    """The version in force. Raises Problem 404."""
    now_ms = context().clock.now_ms()
    version = look_up(lambda catalog: catalog.program_at(program, now_ms))
    if version is None:
        raise _not_in_force(program)
    return version.program


def _not_in_force(program: str) -> Problem:
    newest = dependencies().catalog_snapshot.program(program)
    if newest is None:
        return unknown_program(program)
    detail = f"Program {program!r} is not in force before {newest.effective_from:%Y-%m-%dT%H:%MZ}. Send its events after that."
    return Problem(404, "unknown_program", detail)


def require_valid_signature(declared: AdapterSignature, program: str, body: bytes) -> None:
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


def record_items(items: list[MappedItem], adapter: str) -> tuple[WebhookResponse, int]:
    """Publishes the events and counts what is ignored; the response with its status."""
    ignored = [item for item in items if isinstance(item, IgnoredItem)]
    for item in ignored:
        dependencies().count_ignored(adapter, item.reason)
    if len(ignored) == len(items):
        return WebhookResponse(0, [], [], ignored), 200
    done = ingest_mapped(items, check_program_exists)
    return WebhookResponse(done.accepted, done.rejected, done.warnings, ignored), 202
