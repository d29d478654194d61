"""Deliveries that were given up: kept in Redis, newest first, so that somebody can look and send them again."""

from typing import Protocol

import msgspec
from redis.asyncio import Redis

from reward_dispatcher.delivery.messages import Message

KEPT = 10_000
_encode = msgspec.json.Encoder().encode


def dead_key(webhook: str) -> str:
    """The list of a webhook's dead deliveries."""
    return f"rd:dead:{webhook}"


class DeadLetters(Protocol):
    """Where given-up deliveries go."""

    async def add(self, webhook: str, told: Message, reason: str) -> None:
        """Keeps one."""


class RedisDeadLetters:
    """The last 10,000 of each webhook."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def add(self, webhook: str, told: Message, reason: str) -> None:
        """Keeps one: message id and body, and why. Raises redis's errors."""
        letter = _encode({"id": told.id, "body": msgspec.Raw(told.body), "reason": reason})
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.lpush(dead_key(webhook), letter)
            pipeline.ltrim(dead_key(webhook), 0, KEPT - 1)
            await pipeline.execute()
