"""Events as clients send them, for several measurements."""

import json
from datetime import UTC, datetime
from hashlib import blake2b

from benchmarks.load import request
from benchmarks.world import KEY, PROGRAM


def event(number: int, code: int, salt: str = "", person: int | None = None) -> dict[str, object]:
    """A follow that carries a code: of a new person for each salt and number, or of person number `person`.

    Each person has a device of their own.
    """
    owner = f"{salt}{number}" if person is None else f"known{person}"
    return {
        "id": f"evt_{number}_{salt or 'bench'}",
        "type": "person.followed",
        "program": PROGRAM,
        "person": f"xhs:u{salt}{number}" if person is None else f"xhs:known{person}",
        "occurred_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "channel": "wechat",
        "code": f"BENCH{code}",
        "device": blake2b(owner.encode(), digest_size=16).hexdigest(),
    }


def posting(address: str, body: object) -> bytes:
    """A request that posts events."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    return request("POST", f"{address}/v1/events", json.dumps(body).encode(), headers)
