"""The segments that an upload has sent, by its `Idempotency-Key`, so that the upload goes on when its request is repeated.

A request that ended with 503, or with its process, may have added codes. Repeated with its key it has the same id on the log: the
pools fold decides each segment once, and the answer is that of one upload. Without Redis' memory of it the repeated upload is
another one, which finds its codes to be duplicates. Nothing is added twice either way.
"""

from collections.abc import Sequence

from referral.events.ids import random_id
from referral.http.context import context
from referral.http.idempotency import idempotency_key, idempotency_key_reused, idempotency_redis_key

_RETENTION_S = 24 * 3600  # as long as the answer to the request


class UploadJournal:
    """The id of an upload on the log, and a keyed digest of each segment. Without an `Idempotency-Key` nothing is stored."""

    def __init__(self) -> None:
        key = idempotency_key()
        self._key = None if key is None else f"{idempotency_redis_key(key)}:segments"
        found = context().redis.lrange(self._key, 0, -1) if self._key else []
        stored = [one for one in found if isinstance(one, bytes)]
        self.request = stored[0].decode() if stored else random_id("upl")
        self._sent = stored[1:]
        self._count = 0
        if self._key and not stored:
            self._append([self.request.encode()])

    def add(self, segments: Sequence[Sequence[str]]) -> None:
        """Stores segments before they are sent. Raises Problem 422 if the upload had other codes there before, RedisError."""
        digests = [context().pseudonyms.fingerprint(*map(str.encode, codes)).encode() for codes in segments]
        known = self._sent[self._count : self._count + len(digests)]
        if known != digests[: len(known)]:
            raise idempotency_key_reused()
        self._count += len(digests)
        if self._key and (new := digests[len(known) :]):
            self._append(new)

    def require_end(self) -> None:
        """Raises Problem 422 if the upload had further segments before."""
        if len(self._sent) > self._count:
            raise idempotency_key_reused()

    def forget(self) -> None:
        """The request was refused: the next one with its key is another one."""
        if self._key:
            context().redis.delete(self._key)

    def _append(self, values: Sequence[bytes]) -> None:
        with context().redis.pipeline(transaction=False) as pipeline:
            pipeline.rpush(str(self._key), *values)
            pipeline.expire(str(self._key), _RETENTION_S)
            pipeline.execute()
