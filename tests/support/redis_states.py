"""The states of folds as they are in Redis."""

from typing import Any

from redis import Redis


def fold_states(redis: "Redis") -> dict[bytes, object]:
    """Returns every state and timer of the folds by key, without their fences, which depend on how records were batched."""
    names = [name for name in redis.scan_iter("*:{*-*}:*", count=1000) if not name.endswith(b":fence")]
    return {name: _value(redis, name) for name in names}


def _value(redis: "Redis", name: bytes) -> Any:
    match redis.type(name):
        case b"zset":
            return redis.zrange(name, 0, -1, withscores=True)
        case b"hash":
            return redis.hgetall(name)
        case b"set":
            return redis.smembers(name)
        case _:
            return redis.get(name)
