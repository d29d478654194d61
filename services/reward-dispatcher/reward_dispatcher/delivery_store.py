"""Reads the state of the fold `deliveries` for the HTTP API: endpoints, and their messages newest first."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, get_args

import msgspec

from referral.events.promoter_messages import people_endpoint, people_endpoints
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline
from referral.topics import DELIVERIES, partition_of
from reward_dispatcher.domain.endpoint_health import EndpointHealth
from reward_dispatcher.domain.message_delivery import DeliveryStatus, MessageDelivery
from reward_dispatcher.domain.outbox import Outbox
from reward_dispatcher.folds import delivery_state_keys as state_keys
from reward_dispatcher.folds.delivery_changes import State

STATUSES: tuple[DeliveryStatus, ...] = get_args(DeliveryStatus)
_CHUNK = 1000  # entries that are read at a time
_decode = msgspec.msgpack.Decoder(State).decode


class ListEntry(NamedTuple):
    """A message in a list: when it was scheduled (ms), and its id; or another member of one, with its time."""

    score: float
    member: str


def _top(after: ListEntry | None) -> str:
    """The highest score of the entries after a position."""
    return str(after.score) if after else "+inf"


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

    def outbox(self, program: str, person: str) -> Outbox:
        """Returns the outbox of a person; that of someone without messages is empty."""
        return self.outboxes(program, [person])[0]

    def outboxes(self, program: str, people: Sequence[str]) -> list[Outbox]:
        """Returns the outbox of each person of a program."""
        endpoints = [people_endpoint(program, person) for person in people]
        keys = [self._key(*pair) for pair in zip(endpoints, map(state_keys.outbox, endpoints, people), strict=True)]
        states = [_decode(raw) if raw else None for raw in run_pipeline(self._redis, [("GET", key) for key in keys])]
        return [state if isinstance(state, Outbox) else Outbox() for state in states]

    def closed_emails(self, program: str, limit: int) -> list[ListEntry]:
        """Returns the people of a program whose e-mail address takes no messages, since when (ms), the newest first."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for endpoint in people_endpoints(program):
                pipeline.zrange(
                    self._key(endpoint, state_keys.closed(endpoint)), 0, limit - 1, desc=True, withscores=True
                )
            found = pipeline.execute()
        entries = [ListEntry(float(score), member.decode()) for some in found for member, score in some]
        return sorted(entries, reverse=True)[:limit]

    def message(self, webhook: str, message: str) -> MessageDelivery | None:
        """Returns the delivery of a message to a webhook; None if it is not known, or not known any more."""
        return next(iter(self._messages([(webhook, message)])), None)

    def page(
        self, webhook: str, statuses: Sequence[DeliveryStatus], after: ListEntry | None, limit: int
    ) -> tuple[list[MessageDelivery], ListEntry | None]:
        """Returns messages of these statuses, newest first, and the position of the last one if there are more."""
        return self.page_of_all([webhook], statuses, after, limit)

    def page_of_all(
        self, endpoints: Sequence[str], statuses: Sequence[DeliveryStatus], after: ListEntry | None, limit: int
    ) -> tuple[list[MessageDelivery], ListEntry | None]:
        """Returns the same of several endpoints, in which no message has the id of another's: in two round trips."""
        lists = [(endpoint, status) for endpoint in endpoints for status in statuses]
        keys = [self._key(endpoint, state_keys.listed(endpoint, status)) for endpoint, status in lists]
        top, chunk = _top(after), min(_CHUNK, limit + 1)
        entries = [
            (entry, endpoint)
            for (endpoint, _), key, first in zip(lists, keys, self._chunks(keys, top, 0, chunk), strict=True)
            for entry in islice(self._entries(key, after, first, chunk), limit + 1)
        ]
        entries.sort(reverse=True)
        last = entries[limit - 1][0] if len(entries) > limit else None
        return self._messages([(endpoint, entry.member) for entry, endpoint in entries[:limit]]), last

    def ids_since(self, webhook: str, status: DeliveryStatus, since_ms: int, most: int) -> tuple[list[str], bool]:
        """Returns the ids of messages of a status that were scheduled since then, the oldest first, and whether there are more."""
        key = self._key(webhook, state_keys.listed(webhook, status))
        [found] = run_pipeline(self._redis, [("ZRANGEBYSCORE", key, since_ms, "+inf", "LIMIT", 0, most + 1)])
        return [member.decode() for member in found[:most]], len(found) > most

    def _entries(self, key: str, after: ListEntry | None, first: list[ListEntry], chunk: int) -> Iterator[ListEntry]:
        """The entries of a list that come after a position, newest first; `first` is the first chunk of those of its time."""
        found, start = first, 0
        while True:
            yield from (entry for entry in found if after is None or entry < after)
            if len(found) < chunk:
                return
            start, chunk = start + chunk, _CHUNK
            [found] = self._chunks([key], _top(after), start, chunk)

    def _chunks(self, keys: Sequence[str], top: str, start: int, chunk: int) -> list[list[ListEntry]]:
        """A chunk of each list, newest first, from a score on, in one round trip."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.zrange(key, top, "-inf", desc=True, byscore=True, offset=start, num=chunk, withscores=True)
            return [[ListEntry(float(score), member.decode()) for member, score in one] for one in pipeline.execute()]

    def _messages(self, ids: Sequence[tuple[str, str]]) -> list[MessageDelivery]:
        """The messages of these endpoints and ids that are known."""
        keys = [self._key(webhook, state_keys.message(webhook, one)) for webhook, one in ids]
        states = [_decode(raw) for raw in run_pipeline(self._redis, [("GET", key) for key in keys]) if raw]
        return [state for state in states if isinstance(state, MessageDelivery)]

    def _key(self, webhook: str, key: str) -> str:
        return state_key(state_keys.SERVICE, state_keys.DELIVERIES_FOLD, partition_of(webhook, self._partitions), key)
