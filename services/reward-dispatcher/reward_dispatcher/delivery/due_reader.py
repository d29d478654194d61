"""Reads from the state of the fold `deliveries` what is due, always together with how far the fold is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from referral.fold import fence as fences
from referral.fold.state_keys import fence_key, key_prefix, state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import call_of, run_pipeline
from reward_dispatcher.domain.endpoint_health import EndpointHealth
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.folds import delivery_state_keys as state_keys
from reward_dispatcher.folds.delivery_changes import State

# The fence, then for each endpoint: its state, the messages that are due, when the next one is, when the oldest was scheduled.
# Arguments: prefix, time, and for each endpoint its id and how many messages at most.
_DUE = """
local prefix, now = ARGV[1], ARGV[2]
local reply = {redis.call('GET', KEYS[1])}
for i = 3, #ARGV, 2 do
  local webhook = ARGV[i]
  local due = prefix .. 'due:' .. webhook
  local ids = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, ARGV[i + 1])
  local messages = {}
  for n, id in ipairs(ids) do messages[n] = redis.call('GET', prefix .. 'message:' .. webhook .. '|' .. id) end
  local later = redis.call('ZRANGEBYSCORE', due, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  local oldest = redis.call('ZRANGE', prefix .. 'waiting:' .. webhook, 0, 0, 'WITHSCORES')
  local health = redis.call('GET', prefix .. 'endpoint:' .. webhook)
  reply[#reply + 1] = {health, messages, later[2] or false, oldest[2] or false}
end
return reply
"""
_decode = msgspec.msgpack.Decoder(State).decode


@dataclass(frozen=True, slots=True)
class DueMessages:
    """What is due at an endpoint, the earliest first; when the next message is due, and when the oldest was scheduled (ms)."""

    health: EndpointHealth
    messages: list[MessageDelivery]
    next_due_ms: float | None
    oldest_ms: float | None


class DueReader:
    """Blocks; use it in a thread. Every method raises redis's errors."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._due = redis.register_script(_DUE)

    def active(self, partitions: Sequence[int]) -> dict[int, list[str]]:
        """Returns the endpoints for which messages wait, by partition."""
        keys = [_key(partition, state_keys.ACTIVE) for partition in partitions]
        replies = run_pipeline(self._redis, [("ZRANGE", key, 0, -1) for key in keys])
        return {
            partition: [name.decode() for name in names] for partition, names in zip(partitions, replies, strict=True)
        }

    def due(
        self, requests: Mapping[int, Mapping[str, int]], now_ms: int
    ) -> dict[int, tuple[int, dict[str, DueMessages]]]:
        """Returns by partition the offset up to which the fold is, and what is due at each endpoint.

        `requests` has for each partition its endpoints, with how many messages to read at most.
        """
        commands = [
            # The worker may only read these keys, and so call the script only as one that reads.
            (
                "EVALSHA_RO",
                *call_of(self._due, [_fence_key(partition)], [_prefix(partition), now_ms, *_flat(wanted)])[1:],
            )
            for partition, wanted in requests.items()
        ]
        replies = run_pipeline(self._redis, commands, [self._due])
        return {
            partition: (fences.decode(reply[0]).offset, dict(zip(wanted, map(_due_messages, reply[1:]), strict=True)))
            for (partition, wanted), reply in zip(requests.items(), replies, strict=True)
        }


def _due_messages(reply: list[Any]) -> DueMessages:
    health, messages, later, oldest = reply
    decoded = _decode(health) if health is not None else None
    states = [_decode(raw) for raw in messages if raw is not None]
    return DueMessages(
        decoded if isinstance(decoded, EndpointHealth) else EndpointHealth(),
        [state for state in states if isinstance(state, MessageDelivery)],
        float(later) if later is not None else None,
        float(oldest) if oldest is not None else None,
    )


def _flat(wanted: Mapping[str, int]) -> list[str | int]:
    return [part for webhook, most in wanted.items() for part in (webhook, most)]


def _prefix(partition: int) -> str:
    return key_prefix(state_keys.SERVICE, state_keys.DELIVERIES_FOLD, partition)


def _fence_key(partition: int) -> str:
    return fence_key(state_keys.SERVICE, state_keys.DELIVERIES_FOLD, partition)


def _key(partition: int, key: str) -> str:
    return state_key(state_keys.SERVICE, state_keys.DELIVERIES_FOLD, partition, key)
