"""The allowances of WeChat accounts in Redis, shared by all workers: a message is taken before it is sent, once.

They follow from the lines `wechat.opened`; what was taken is nowhere else. So an empty Redis closes every channel until the people
do something again: a message is then sent by another channel, and never more than WeChat allows.
"""

from collections.abc import Callable

import msgspec

from referral.events.deliveries import OpeningReason
from referral.redis_client import RedisClient
from reward_dispatcher.domain.wechat_allowance import (
    KEPT_MS,
    Allowance,
    close_channel,
    messages_left,
    open_channel,
    take_message,
)

_ATTEMPTS = 20
# Replaces what was read, unless another worker has changed it. Arguments: what was read, what replaces it, for how long (ms).
_REPLACE = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(Allowance).decode


class AllowanceStore:
    """Blocks; use it in a thread. Every method raises redis's errors."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._replace = redis.register_script(_REPLACE)

    def open(self, program: str, person: str, by: OpeningReason, at_ms: int) -> None:
        """Records what a person did."""
        self._change(program, person, lambda allowance: open_channel(allowance, by, at_ms))

    def close(self, program: str, person: str, at_ms: int) -> None:
        """Records that a person left the account."""
        self._change(program, person, lambda allowance: close_channel(allowance, at_ms))

    def take(self, program: str, person: str, now_ms: int) -> bool:
        """Takes one message; returns whether it may be sent."""
        return self._change(program, person, lambda allowance: take_message(allowance, now_ms))

    def messages_left(self, program: str, person: str, now_ms: int) -> int:
        """Returns how many messages are left."""
        return messages_left(_read(self._redis.get(_key(program, person))), now_ms)

    def _change(self, program: str, person: str, change: Callable[[Allowance], Allowance | None]) -> bool:
        """Applies a change; returns whether there was one to apply, and it is stored."""
        key = _key(program, person)
        for _ in range(_ATTEMPTS):
            before = self._redis.get(key)
            after = change(_read(before))
            if after is None:
                return False
            if self._replace([key], [before or b"", _encode(after), KEPT_MS]):
                return True
        return False


def _read(raw: bytes | str | None) -> Allowance:
    return _decode(raw) if isinstance(raw, bytes) else Allowance()


def _key(program: str, person: str) -> str:
    return f"rd:wechat:allowance:{program}|{person}"
