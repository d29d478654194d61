"""OpenAPI of the response to ingested events, shared by `POST /v1/events` and the adapters."""

from typing import Any

from conversion_tracker.ingest.event_errors import REMEDIES

_EVENT_ERROR = {
    "type": "object",
    "required": ["index", "code", "pointer", "detail"],
    "properties": {
        "index": {"type": "integer", "description": "position of the event in the body, starting at 0"},
        "code": {"type": "string", "enum": list(REMEDIES)},
        "pointer": {"type": "string", "description": "JSON pointer into what was sent"},
        "detail": {"type": "string", "description": "what is wrong, and what to send instead"},
    },
}
INGEST_RESPONSE: dict[str, Any] = {
    "type": "object",
    "required": ["accepted", "rejected"],
    "properties": {"accepted": {"type": "integer", "minimum": 1}, "rejected": {"type": "array", "items": _EVENT_ERROR}},
}
RESPONSES: dict[int, Any] = {
    202: {
        "description": "The valid events are durably written to the log.",
        "content": {"application/json": {"schema": INGEST_RESPONSE}},
    },
    400: {"description": "The body cannot be parsed."},
    413: {"description": "The body is larger than `REFERRAL_MAX_BODY`, or has more than 1,000 events."},
    422: {"description": "All events are invalid; `errors` has the code and the location of each error."},
    429: {"description": "Too many unauthenticated requests from this address."},
    503: {
        "description": "Kafka did not acknowledge in time, or too many requests are in progress: send it again later."
    },
}
