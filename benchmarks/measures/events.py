"""Events as clients send them, for several measurements."""

import json
from datetime import UTC, datetime

from benchmarks.load import request
from benchmarks.world import KEY, PROGRAM


def event(number: int, code: int, salt: str = "") -> dict[str, object]:
    """A follow that carries a code."""
    return {
        "id": f"evt_{salt}{number}",
        "type": "person.followed",
        "program": PROGRAM,
        "person": f"xhs:{salt}{number}",
        "occurred_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "channel": "wechat",
        "code": f"BENCH{code}",
        "device": f"{number:032x}",
    }


def posting(address: str, body: object) -> bytes:
    """A request that posts events."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    return request("POST", f"{address}/v1/events", json.dumps(body).encode(), headers)
