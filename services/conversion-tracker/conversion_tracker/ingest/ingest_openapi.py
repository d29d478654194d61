"""OpenAPI of the responses that `POST /v1/events` and the adapters share."""

from typing import Any

ACCEPTED = "The valid events are durably written to the log."
ERROR_RESPONSES: dict[int, Any] = {
    400: {"description": "The body cannot be parsed."},
    413: {"description": "The body is larger than `REFERRAL_MAX_BODY`, or has more than 1,000 events."},
    422: {"description": "All events are invalid; `errors` has the code and the location of each error."},
    429: {"description": "Too many unauthenticated requests from this address."},
    503: {
        "description": "Kafka did not acknowledge in time, or too many requests are in progress: send it again later."
    },
}
