"""The messages that a service sends to webhooks, in its OpenAPI document: https://spec.openapis.org/oas/v3.1.0#fixed-fields."""

from collections.abc import Sequence
from typing import Any

import msgspec
from apispec import APISpec

from referral.events.line import type_tag
from referral.http.responses import body_schema

_HEADERS = {
    "webhook-id": "The same for each attempt of a message, so that a receiver can detect a duplicate.",
    "webhook-timestamp": "Seconds since 1970, when this attempt was made.",
    "webhook-signature": (
        "Signatures of `{id}.{timestamp}.{body}`, separated by spaces: `v1,` and the HMAC-SHA256, `v1a,` and the ed25519"
        " signature, each in base64; for a day after a rotation also those of the former pair (https://www.standardwebhooks.com)."
    ),
}


def add_webhooks(spec: APISpec, messages: Sequence[type[msgspec.Struct]]) -> None:
    """Adds the messages to the document, each under its `type`; their structs become components."""
    spec.options["webhooks"] = {type_tag(message): {"post": _operation(spec, message)} for message in messages}


def _operation(spec: APISpec, message: type[msgspec.Struct]) -> dict[str, Any]:
    schema, components = body_schema(message)
    for name, component in components.items():
        if name not in spec.components.schemas:
            spec.components.schema(name, component)
    headers = [
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}, "description": text}
        for name, text in _HEADERS.items()
    ]
    return {
        "summary": (message.__doc__ or "").strip(),
        "security": [],
        "parameters": headers,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "2XX": {"description": "Accepted. Any other status, also a redirect, is tried again, ten times in all."},
            "410": {"description": "The receiver does not want further messages: the webhook is disabled."},
        },
    }
