"""OpenAPI of `POST /v1/events`: the schemas of the event types, generated from the types, with an example of each."""

from typing import Any

import msgspec

from conversion_tracker.ingest.adapters.cloudevents.cloudevents_openapi import CLOUDEVENT_BATCH, CLOUDEVENT_BODY
from conversion_tracker.ingest.adapters.cloudevents.cloudevents_request import BATCH, STRUCTURED
from conversion_tracker.ingest.events_request import NDJSON
from conversion_tracker.ingest.ingest_openapi import ERROR_RESPONSES
from referral.events.examples import example
from referral.events.facts import Fact
from referral.events.schemas import components, types_by_tag

_NAMES, SCHEMAS = components(Fact, "#/components/schemas/{name}")
_REFERENCES = [{"$ref": f"#/components/schemas/{name}"} for name in _NAMES]
_TYPES = types_by_tag(Fact)
_ARRAY = {"type": "array", "items": {"anyOf": _REFERENCES}, "minItems": 1, "maxItems": 1000}
_EXAMPLES: dict[str, Any] = {type_: {"value": msgspec.json.decode(example(type_))} for type_ in _TYPES}
_LINES = b"\n".join(msgspec.json.format(example(type_), indent=-1) for type_ in list(_TYPES)[:3]).decode()

POST_EVENTS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": [*_REFERENCES, _ARRAY]}, "examples": _EXAMPLES},
            STRUCTURED: CLOUDEVENT_BODY,
            BATCH: CLOUDEVENT_BATCH,
            NDJSON: {"schema": {"type": "string"}, "examples": {"three lines": {"value": _LINES}}},
        },
    },
    "responses": {
        **ERROR_RESPONSES,
        401: {"description": "The API key is missing or invalid."},
        403: {"description": "The API key lacks the scope `events:write`."},
        415: {"description": "Neither JSON nor NDJSON nor CloudEvents in JSON; or a compression other than gzip."},
        429: {"description": "Too many requests with unknown API keys from this address."},
    },
}
