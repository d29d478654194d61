"""How the rules of a replay stand in the API's documentation."""

from typing import Any

RULES: dict[str, Any] = {
    "required": True,
    "description": "The content of a program file as JSON, as PUT /v1/programs/{id} of the link issuer takes it.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["id", "name", "timezone", "target_url", "channels"],
                "properties": {
                    "id": {"type": "string", "description": "the program's own id"},
                    "attribution": {"type": "object", "description": "who gets the credit, and from when it pays"},
                    "screening": {"type": "object", "description": "what is done about each suspicion"},
                    "rewards": {"type": "array", "items": {"type": "object"}, "description": "who gets what, and when"},
                },
            },
            "example": {
                "id": "prg_glow",
                "name": {"en": "Glow Together"},
                "timezone": "Asia/Shanghai",
                "target_url": "https://example.com/follow",
                "channels": ["xiaohongshu"],
                "attribution": {"model": "first_touch", "window_days": 7},
                "rewards": [{"id": "guide", "to": "referrer", "on": "milestone", "referrals": 2, "kind": "guide"}],
            },
        }
    },
}
