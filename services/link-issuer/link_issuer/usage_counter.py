"""How often people have opened the links that have a bound: counted in Redis, where all processes meet, one round trip a use.

What is written down in the catalog (`written`) is the least it can be: a lost count goes on from there. See docs/decisions/.
"""

from redis import Redis

_KEPT_S = 400 * 24 * 3600

_TAKE = """
local uses = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), tonumber(ARGV[1]))
if uses >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], uses + 1, 'EX', ARGV[3])
return uses + 1
"""


class Uses:
    """The counts of all processes."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._take = redis.register_script(_TAKE)

    def take(self, code: str, written: int, most: int) -> int | None:
        """Counts one use, and gives how many there are now; None, and nothing counted, where `most` is reached.

        Raises RedisError.
        """
        return int(self._take([_place(code)], [written, most, _KEPT_S])) or None

    def count(self, code: str, written: int) -> int:
        """How many uses there are. Raises RedisError."""
        return max(int(self._redis.get(_place(code)) or 0), written)


def _place(code: str) -> str:
    return f"li:uses:{code}"
