"""OpenAPI of `POST /v1/adapters/{name}/{program}`."""

from typing import Any

from conversion_tracker.ingest.ingest_openapi import ERROR_RESPONSES

POST_WEBHOOK: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": ["object", "array"]}}},
    },
    "responses": {
        **ERROR_RESPONSES,
        401: {"description": "The signature is missing, or the API key if the adapter does not require a signature."},
        403: {"description": "The signature is invalid, or the API key lacks the scope `events:write`."},
        404: {
            "description": "The program is unknown or not in force, it has no such adapter, or the secret is not set."
        },
    },
}
