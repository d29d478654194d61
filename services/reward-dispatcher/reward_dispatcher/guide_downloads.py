"""How often a download link was used: a link that is passed on ends, and its person gets a new one from the wallet.

Counted in Redis by the digest of the link, for as long as links work; not rebuilt.
"""

import hashlib

from referral.redis_client import RedisClient

MAX_DOWNLOADS = 50
"""Downloads of one link: enough for every device of a person and for interrupted ones, too few for a public link."""


class GuideDownloads:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, ttl_s: int) -> None:
        self._redis = redis
        self._ttl_s = ttl_s

    def count(self, link: str) -> int:
        """Counts a download; returns how many there were with this link."""
        key = f"rd:downloads:{hashlib.sha256(link.encode()).hexdigest()[:32]}"
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, self._ttl_s)
            count, _ = pipeline.execute()
        return int(count)
