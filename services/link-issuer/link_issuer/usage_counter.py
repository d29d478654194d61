"""Usage counts of links with `max_uses`, shared by all processes in Redis; one round trip per use.

Snapshots of a count are written to the catalog (`written` below). They are lower bounds: if Redis loses a count, it continues
from the last snapshot. See docs/decisions/.
"""

from referral.redis_client import RedisClient

_EXPIRES_S = 400 * 24 * 3600
_SNAPSHOTS = 10

_USE = """
local uses = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), tonumber(ARGV[1]))
if uses >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], uses + 1, 'EX', ARGV[3])
return uses + 1
"""


class UsageCounter:
    """The usage counts of all links."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._use = redis.register_script(_USE)

    def use(self, code: str, written: int, most: int) -> int | None:
        """Counts one use and returns the new count; None, without counting, if `most` is reached. Raises RedisError."""
        return int(self._use([_redis_key(code)], [written, most, _EXPIRES_S])) or None

    def count(self, code: str, written: int) -> int:
        """The number of uses. Raises RedisError."""
        return max(int(self._redis.get(_redis_key(code)) or 0), written)


def is_snapshot_due(uses: int, max_uses: int) -> bool:
    """Whether a count is to be written to the catalog: at every tenth of the limit, every use of a small one, and the last.

    So a link is opened at most a tenth too often if Redis loses its count.
    """
    return uses >= max_uses or uses % max(1, max_uses // _SNAPSHOTS) == 0


def _redis_key(code: str) -> str:
    return f"li:uses:{code}"
