"""How `POST /v1/events` stands in the API's documentation: schemas of the facts from their types, an example of each."""

from typing import Any

import msgspec

from conversion_tracker.ingest.adapters.cloudevents.cloudevents_openapi import CLOUDEVENT, CLOUDEVENT_EXAMPLE
from conversion_tracker.ingest.adapters.cloudevents.cloudevents_request import BATCH, STRUCTURED
from conversion_tracker.ingest.event_errors import REMEDIES
from conversion_tracker.ingest.events_request import NDJSON
from referral.events.examples import example
from referral.events.facts import Fact
from referral.events.schemas import components, kinds

_NAMES, SCHEMAS = components(Fact, "#/components/schemas/{name}")
_REFERENCES = [{"$ref": f"#/components/schemas/{name}"} for name in _NAMES]
_TYPES = kinds(Fact)
_ONE = {"anyOf": _REFERENCES}
_MANY = {"type": "array", "items": _ONE, "minItems": 1, "maxItems": 1000}
_EXAMPLES: dict[str, Any] = {kind: {"value": msgspec.json.decode(example(kind))} for kind in _TYPES}
_LINES = b"\n".join(msgspec.json.format(example(kind), indent=-1) for kind in list(_TYPES)[:3]).decode()

_REFUSED = {
    "type": "object",
    "required": ["index", "code", "pointer", "detail"],
    "properties": {
        "index": {"type": "integer", "description": "which event of the body, from 0"},
        "code": {"type": "string", "enum": list(REMEDIES)},
        "pointer": {"type": "string", "description": "JSON pointer into the event"},
        "detail": {"type": "string", "description": "what is wrong, and what to do"},
    },
}
RECEIPT: dict[str, Any] = {
    "type": "object",
    "required": ["accepted", "rejected"],
    "properties": {"accepted": {"type": "integer", "minimum": 1}, "rejected": {"type": "array", "items": _REFUSED}},
}

POST_EVENTS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": [*_REFERENCES, _MANY]}, "examples": _EXAMPLES},
            STRUCTURED: {"schema": CLOUDEVENT, "example": CLOUDEVENT_EXAMPLE},
            BATCH: {"schema": {"type": "array", "items": CLOUDEVENT, "minItems": 1, "maxItems": 1000}},
            NDJSON: {"schema": {"type": "string"}, "examples": {"three lines": {"value": _LINES}}},
        },
    },
    "responses": {
        202: {"description": "On the log for good.", "content": {"application/json": {"schema": RECEIPT}}},
        400: {"description": "The body cannot be taken apart."},
        401: {"description": "No valid API key."},
        403: {"description": "The key lacks `events:write`."},
        413: {"description": "More bytes than `REFERRAL_MAX_BODY`, or more than 1,000 events."},
        415: {"description": "Neither JSON, NDJSON nor CloudEvents in JSON."},
        422: {"description": "Every event was refused; `errors` names each, with its code and its place."},
        429: {"description": "Too many requests with unknown keys came from this address."},
        503: {"description": "The log did not acknowledge in time, or too much is under way: send it again later."},
    },
}
