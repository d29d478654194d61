"""Reads the state of the fold `deliveries` for the HTTP API: endpoints, and their messages newest first."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, get_args

import msgspec

from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline
from referral.topics import DELIVERIES, partition_of
from reward_dispatcher.domain.endpoint_health import EndpointHealth
from reward_dispatcher.domain.message_delivery import DeliveryStatus, MessageDelivery
from reward_dispatcher.folds import delivery_state_keys as state_keys
from reward_dispatcher.folds.deliveries_fold import State

STATUSES: tuple[DeliveryStatus, ...] = get_args(DeliveryStatus)
_CHUNK = 1000  # entries that are read at a time
_decode = msgspec.msgpack.Decoder(State).decode


class ListEntry(NamedTuple):
    """A message in a list: when it was scheduled (ms), and its id."""

    score: float
    member: str


class DeliveryStore:
    """Reads from one partition of the fold at a time: that of the webhook. Every method raises redis's errors."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = DELIVERIES.partitions or partitions

    def healths(self, webhooks: Sequence[str]) -> list[EndpointHealth]:
        """Returns how each endpoint is."""
        keys = [self._key(webhook, state_keys.endpoint(webhook)) for webhook in webhooks]
        states = [_decode(raw) if raw else None for raw in run_pipeline(self._redis, [("GET", key) for key in keys])]
        return [state if isinstance(state, EndpointHealth) else EndpointHealth() for state in states]

    def message(self, webhook: str, message: str) -> MessageDelivery | None:
        """Returns the delivery of a message to a webhook; None if it is not known, or not known any more."""
        return next(iter(self._messages(webhook, [message])), None)

    def page(
        self, webhook: str, statuses: Sequence[DeliveryStatus], after: ListEntry | None, limit: int
    ) -> tuple[list[MessageDelivery], ListEntry | None]:
        """Returns messages of these statuses, newest first, and the position of the last one if there are more."""
        entries = [
            entry for status in statuses for entry in islice(self._entries(webhook, status, after, limit), limit + 1)
        ]
        entries.sort(reverse=True)
        last = entries[limit - 1] if len(entries) > limit else None
        return self._messages(webhook, [entry.member for entry in entries[:limit]]), last

    def ids_since(self, webhook: str, status: DeliveryStatus, since_ms: int, most: int) -> tuple[list[str], bool]:
        """Returns the ids of messages of a status that were scheduled since then, the oldest first, and whether there are more."""
        key = self._key(webhook, state_keys.listed(webhook, status))
        [found] = run_pipeline(self._redis, [("ZRANGEBYSCORE", key, since_ms, "+inf", "LIMIT", 0, most + 1)])
        return [member.decode() for member in found[:most]], len(found) > most

    def _entries(
        self, webhook: str, status: DeliveryStatus, after: ListEntry | None, limit: int
    ) -> Iterator[ListEntry]:
        """The entries of a list that come after a position, newest first."""
        key = self._key(webhook, state_keys.listed(webhook, status))
        top, chunk = (str(after.score) if after else "+inf"), min(_CHUNK, limit + 1)
        start = 0
        while True:
            with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.zrange(key, top, "-inf", desc=True, byscore=True, offset=start, num=chunk, withscores=True)
                [found] = pipeline.execute()
            for member, score in found:
                entry = ListEntry(float(score), member.decode())
                if after is None or entry < after:
                    yield entry
            if len(found) < chunk:
                return
            start, chunk = start + chunk, _CHUNK

    def _messages(self, webhook: str, ids: Sequence[str]) -> list[MessageDelivery]:
        keys = [self._key(webhook, state_keys.message(webhook, one)) for one in ids]
        states = [_decode(raw) for raw in run_pipeline(self._redis, [("GET", key) for key in keys]) if raw]
        return [state for state in states if isinstance(state, MessageDelivery)]

    def _key(self, webhook: str, key: str) -> str:
        return state_key(state_keys.SERVICE, state_keys.DELIVERIES_FOLD, partition_of(webhook, self._partitions), key)
