"""Everything that Redis holds, to search for what must not be there."""

from redis import Redis


def redis_content(redis: "Redis") -> bytes:
    """Returns all keys and values of the database, one after another."""
    parts: list[bytes] = []
    for key in redis.scan_iter(count=1000):
        parts += [key, redis.dump(key) or b"", *_values(redis, key)]
    return b"\n".join(parts)


def _values(redis: "Redis", key: bytes) -> list[bytes]:
    match redis.type(key):
        case b"string":
            return [redis.get(key) or b""]
        case b"hash":
            return [part for pair in redis.hgetall(key).items() for part in pair]
        case b"set":
            return list(redis.smembers(key))
        case b"zset":
            return list(redis.zrange(key, 0, -1))
        case b"list":
            return list(redis.lrange(key, 0, -1))
        case other:
            raise ValueError(f"{key!r} is a {other!r}: search it, too")
