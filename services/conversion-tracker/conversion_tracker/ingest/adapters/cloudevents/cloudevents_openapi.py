"""A CloudEvent as the API's documentation describes it, and an example that a test sends."""

from typing import Any

from conversion_tracker.ingest.adapters.mapped_event import EVIDENCE_FIELDS

_TEXT = {"type": "string", "minLength": 1}
_REQUIRED = {
    "specversion": {"const": "1.0"},
    "id": {**_TEXT, "description": "with `source`, tells this event from all others"},
    "source": {**_TEXT, "description": "where it comes from; may name the program: https://shop.example.com/prg_glow"},
    "type": {**_TEXT, "description": "ends with one of our event types: com.example.person.followed"},
    "subject": {**_TEXT, "description": "the person"},
    "time": {"type": "string", "format": "date-time", "description": "when it happened"},
}
_OPTIONAL = {
    "program": {**_TEXT, "description": "the program, where `source` does not name it"},
    "datacontenttype": {**_TEXT, "description": "application/json, where it is there"},
    **{
        name: {**_TEXT, "description": f"`{name}` of our event; may stand in `data` instead"}
        for name in EVIDENCE_FIELDS
    },
    "data": {"type": "object", "description": "what our event type has in `data`"},
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
