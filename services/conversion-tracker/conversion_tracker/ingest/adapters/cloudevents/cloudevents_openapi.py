"""OpenAPI of CloudEvents: the schema of one, with an example that a test sends, and `POST /v1/adapters/cloudevents`."""

from typing import Any

from conversion_tracker.ingest.adapters.cloudevents.cloudevents_request import BATCH, STRUCTURED
from conversion_tracker.ingest.adapters.mapped_event import EVIDENCE_FIELDS
from conversion_tracker.ingest.ingest_openapi import ERROR_RESPONSES

_TEXT = {"type": "string", "minLength": 1}
_REQUIRED = {
    "specversion": {"const": "1.0"},
    "id": {**_TEXT, "description": "identifies the event, together with `source`"},
    "source": {**_TEXT, "description": "the origin; may contain the program: https://shop.example.com/prg_glow"},
    "type": {**_TEXT, "description": "ends with an event type of this API: com.example.person.followed"},
    "subject": {**_TEXT, "description": "the person"},
    "time": {"type": "string", "format": "date-time", "description": "when it happened"},
}
_OPTIONAL = {
    "program": {**_TEXT, "description": "the program, if `source` does not contain it"},
    "datacontenttype": {**_TEXT, "description": "application/json, if present"},
    **{name: {**_TEXT, "description": f"`{name}` of the event; may be in `data` instead"} for name in EVIDENCE_FIELDS},
    "data": {"type": "object", "description": "the `data` of the event type"},
    "data_base64": {"type": "string", "description": "the same in Base64, in place of `data`"},
}
CLOUDEVENT: dict[str, Any] = {
    "type": "object",
    "required": list(_REQUIRED),
    "properties": {**_REQUIRED, **_OPTIONAL},
    "additionalProperties": True,
}
CLOUDEVENT_EXAMPLE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "A234-1234",
    "source": "https://shop.example.com/prg_glow",
    "type": "com.example.person.followed",
    "subject": "xhs:u42",
    "time": "2026-11-03T08:00:00Z",
    "channel": "xiaohongshu",
    "data": {"code": "AMY88", "content": "dry-skin-hacks"},
}
CLOUDEVENT_BODY: dict[str, Any] = {"schema": CLOUDEVENT, "example": CLOUDEVENT_EXAMPLE}
CLOUDEVENT_BATCH: dict[str, Any] = {
    "schema": {"type": "array", "items": CLOUDEVENT, "minItems": 0, "maxItems": 1000},
}

POST_CLOUDEVENTS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            STRUCTURED: CLOUDEVENT_BODY,
            BATCH: CLOUDEVENT_BATCH,
            "application/json": {"schema": {"type": ["object", "array"]}},
        },
    },
    "responses": {**ERROR_RESPONSES, 415: {"description": "CloudEvents in a format other than JSON."}},
}
