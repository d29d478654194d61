"""OpenAPI of the adapters of stores."""

from typing import Any

from conversion_tracker.ingest.ingest_openapi import ERROR_RESPONSES

POST_STORE_WEBHOOK: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {
        **ERROR_RESPONSES,
        401: {"description": "The signature is missing."},
        403: {"description": "The signature is invalid."},
        404: {"description": "The program is unknown or not in force, or the secret is not set."},
        422: {"description": "The order lacks a field or has an invalid one; `errors` has its location."},
    },
}
