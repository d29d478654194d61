"""The request body of a replay in /openapi.json."""

from typing import Any

from referral.program_file.check import ProgramFileSchema

RULES_BODY: dict[str, Any] = {
    "required": True,
    "description": "The content of a program file as JSON, as PUT /v1/programs/{id} of link-issuer accepts it.",
    "content": {
        "application/json": {
            "schema": ProgramFileSchema,
            "example": {
                "id": "prg_glow",
                "name": {"en": "Glow Together"},
                "timezone": "Asia/Shanghai",
                "target_url": "https://example.com/follow",
                "channels": ["xiaohongshu"],
                "attribution": {"model": "first_touch", "window_days": 7},
                "rewards": [
                    {"id": "early", "to": "referrer", "on": "milestone", "referrals": 2, "kind": "early_access"}
                ],
            },
        }
    },
}
