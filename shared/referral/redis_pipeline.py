"""Commands that go to Redis together, and counters that expire: what several stores need, on one server or a cluster."""

from collections.abc import Iterable, Sequence
from typing import Any

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError

from referral.redis_client import RedisClient

RedisCommand = Sequence[bytes | str | float]
"""Name and arguments."""

_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""


def run_pipeline(redis: RedisClient, commands: Iterable[RedisCommand], scripts: Sequence[Script] = ()) -> list[Any]:
    """The results of commands, each given by its name and arguments, in one round trip to each server. Raises RedisError.

    All keys of a command must be in one slot. `scripts` are those that the commands call: a server that has lost them loads them,
    and then all commands run again.
    """
    listed = list(commands)
    try:
        return _run(redis, listed)
    except NoScriptError:
        if not isinstance(redis, Redis):  # the client of a cluster has loaded them itself, if it may
            raise
        for script in scripts:
            redis.script_load(script.script)
        return _run(redis, listed)


def call_of(script: Script, keys: Sequence[str], arguments: Sequence[bytes | str | int]) -> RedisCommand:
    """The command that calls a script."""
    return "EVALSHA", script.sha, len(keys), *keys, *arguments


def _run(redis: RedisClient, commands: Sequence[RedisCommand]) -> list[Any]:
    """By name: redis-py's own methods would convert many replies once more."""
    with redis.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py leaves it untyped
        return pipeline.execute()


class ExpiringCounters:
    """Counters that expire some seconds after their first count. A count that is repeated after a failure counts twice."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._count = redis.register_script(_COUNT)

    def read(self, key: str) -> int:
        """Returns the count; 0 after its end. Raises RedisError."""
        return int(self._redis.get(key) or 0)

    def count(self, key: str, expires_s: int) -> int:
        """Counts one and returns the new count. Raises RedisError."""
        return int(self._count([key], [expires_s]))
