"""Failed deliveries, stored in Redis, newest first, so that an operator can inspect them and send them again."""

from typing import Protocol

import msgspec
from redis.asyncio import Redis

from reward_dispatcher.delivery.messages import Message

MAX_PER_WEBHOOK = 10_000
_encode = msgspec.json.Encoder().encode


def dead_letter_key(webhook: str) -> str:
    """The Redis key of a webhook's dead letters, a list."""
    return f"rd:dead:{webhook}"


class DeadLetterStore(Protocol):
    """Stores failed deliveries."""

    async def add(self, webhook: str, message: Message, reason: str) -> None:
        """Stores a message that could not be delivered, and why."""


class RedisDeadLetterStore:
    """Keeps the last 10,000 of each webhook."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def add(self, webhook: str, message: Message, reason: str) -> None:
        """Stores id and body of the message, and the reason. Raises redis's errors."""
        letter = _encode({"id": message.id, "body": msgspec.Raw(message.body), "reason": reason})
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.lpush(dead_letter_key(webhook), letter)
            pipeline.ltrim(dead_letter_key(webhook), 0, MAX_PER_WEBHOOK - 1)
            await pipeline.execute()
