"""Deliveries that were given up: kept in Redis, newest first, so that somebody can look and send them again."""

from typing import Protocol

import msgspec
from redis.asyncio import Redis

from reward_dispatcher.delivery.messages import Message

MAX_PER_WEBHOOK = 10_000
_encode = msgspec.json.Encoder().encode


def dead_letter_key(webhook: str) -> str:
    """The list of a webhook's dead deliveries."""
    return f"rd:dead:{webhook}"


class DeadLetterStore(Protocol):
    """Where given-up deliveries go."""

    async def add(self, webhook: str, message: Message, reason: str) -> None:
        """Keeps one."""


class RedisDeadLetterStore:
    """The last 10,000 of each webhook."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def add(self, webhook: str, message: Message, reason: str) -> None:
        """Keeps one: message id and body, and why. Raises redis's errors."""
        letter = _encode({"id": message.id, "body": msgspec.Raw(message.body), "reason": reason})
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.lpush(dead_letter_key(webhook), letter)
            pipeline.ltrim(dead_letter_key(webhook), 0, MAX_PER_WEBHOOK - 1)
            await pipeline.execute()
