"""OpenAPI of the upload: its body is streamed, in three forms."""

from typing import Any

_TEXT = {"schema": {"type": "string"}}
_CODES = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 1_000_000}

PUT_CODES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "At most 100 MiB, 200 MiB after decompression. `Content-Encoding: gzip` is possible.",
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [{"type": "object", "properties": {"codes": _CODES}, "required": ["codes"]}, _CODES]
                },
                "examples": {"two codes": {"value": {"codes": ["GLOW-7KXP", "GLOW-9QRS"]}}},
            },
            "text/csv": {**_TEXT, "examples": {"a header": {"value": "code,value\nGLOW-7KXP,20\n"}}},
            "text/plain": {**_TEXT, "examples": {"one for each line": {"value": "GLOW-7KXP\nGLOW-9QRS\n"}}},
        },
    },
    "responses": {
        400: {"description": "The body could not be read; what came before may have been added."},
        413: {"description": "More than 1,000,000 codes or 100 MiB; what came before may have been added."},
        415: {"description": "Neither JSON nor CSV nor text; or a compression other than gzip."},
        422: {"description": "No code at all, a reserved or invalid name of a pool, or an unknown column."},
        429: {"description": "The caller has an upload in progress already."},
        503: {"description": "Other uploads are in progress, or not all of it is decided. Send it again."},
    },
}
