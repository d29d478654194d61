"""Excerpts of what receivers answered to failed attempts, for people who repair a receiver.

They are in Redis for three days, and never on the log. An answer may repeat what it was sent: the platform's id of the person and
the code are removed from it.
"""

import json
from collections.abc import Mapping, Sequence

from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline

MAX_EXCERPT = 200  # characters
_TTL_S = 3 * 24 * 3600
_PRIVATE = ("external_id", "code")
_REMOVED = "[removed]"


def excerpt_key(webhook: str, message: str) -> str:
    """The Redis key of the newest excerpt of a message to a webhook, a text."""
    return f"rd:answers:{webhook}|{message}"


def excerpt_of(answer: bytes, body: bytes) -> str:
    """Returns the beginning of an answer in printable characters, without what identifies a person in `body`."""
    text = answer.decode("utf-8", "replace")
    for private in _private_values(body):
        text = text.replace(private, _REMOVED)
    return "".join(character if character.isprintable() else " " for character in text)[:MAX_EXCERPT]


def _private_values(body: bytes) -> list[str]:
    """What must not be in an excerpt, as it is and as JSON or a URL spells it."""
    data = json.loads(body).get("data", {})
    values = [str(data[name]) for name in _PRIVATE if data.get(name)]
    return [form for value in values for form in {value, json.dumps(value)[1:-1], value.replace(":", "%3A")}]


def write_excerpts(redis: RedisClient, excerpts: Mapping[str, str]) -> None:
    """Writes excerpts by key. Raises redis's errors."""
    run_pipeline(redis, [("SET", key, text, "EX", _TTL_S) for key, text in excerpts.items()])


def read_excerpts(redis: RedisClient, keys: Sequence[str]) -> list[str | None]:
    """Returns the excerpt of each key. Raises redis's errors."""
    found = run_pipeline(redis, [("GET", key) for key in keys])
    return [raw.decode() if raw is not None else None for raw in found]
