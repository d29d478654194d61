"""Reservations of codes, changes and versions in Redis, until the catalog has them.

Concurrent requests for the same thing get the first one's time and content, so that all write the same record. A request more
than CONCURRENT_MS later is a retry after a failure and gets its own time: the first request was never acknowledged, and other
processes have decided as if it had not happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from referral.redis_client import RedisClient
from referral.redis_pipeline import call_of, run_pipeline

# As long as the first request may still be writing (REFERRAL_ACK_TIMEOUT_MS), and much shorter than RULE_CHANGE_DELAY.
CONCURRENT_MS = 2_000

RESERVED = "li:{reserved}:"
"""What the keys of all reservations begin with: one slot of a Redis Cluster, so that one script may take many of them."""

_RESERVE = """
local held = redis.call('GET', KEYS[1])
if held then
  local owner, since = string.match(held, '^(%S+) (%d+) ')
  if owner ~= ARGV[1] or tonumber(ARGV[2]) - tonumber(since) <= tonumber(ARGV[4]) then return held end
end
local mine = ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3]
redis.call('SET', KEYS[1], mine, 'EX', ARGV[5])
return mine
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Its owner (a word without spaces), since when (ms since the epoch), and what the owner writes, if that matters."""

    owner: str
    since_ms: int
    content: bytes = b""


class Reservations:
    """The reservations of all processes. They expire, and may be lost at any time."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._reserve = redis.register_script(_RESERVE)

    def reserve(self, requests: Sequence[tuple[str, Reservation]], expires_s: int) -> list[Reservation]:
        """The reservation in force for each key, in the order of the requests: the requested one, or an earlier one.

        One round trip. Raises RedisError.
        """
        calls = [
            call_of(self._reserve, [key], [one.owner, one.since_ms, one.content, CONCURRENT_MS, expires_s])
            for key, one in requests
        ]
        return [_decode(stored) for stored in run_pipeline(self._redis, calls, [self._reserve])]


def code_key(code: str) -> str:
    """The key that reserves a code."""
    return f"{RESERVED}code:{code}"


def _decode(stored: bytes) -> Reservation:
    owner, since_ms, content = stored.split(b" ", 2)
    return Reservation(owner.decode(), int(since_ms), content)
