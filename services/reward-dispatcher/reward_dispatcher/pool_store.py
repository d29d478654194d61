"""Reads the state of the pools fold for the HTTP API. Every read is one round trip."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from referral.events.keys import pools_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of
from reward_dispatcher.domain.code_index import CodeBucket, Place, ProgramPools, bucket_of, find_place
from reward_dispatcher.domain.code_pool import Pool
from reward_dispatcher.domain.receipts import Receipt
from reward_dispatcher.folds import pool_keys
from reward_dispatcher.folds.pools_fold import PoolState

_Kind = TypeVar("_Kind", Pool, CodeBucket, ProgramPools, Receipt)
_decode = msgspec.msgpack.Decoder(PoolState).decode


class PoolStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def names(self, program: str) -> tuple[str, ...]:
        """The names of the pools that got codes, by number."""
        found = self._read(program, [pool_keys.program(program)], ProgramPools)[0]
        return found.names if found else ()

    def pools(self, program: str, names: Sequence[str]) -> dict[str, Pool]:
        """Pools by name; an empty one if it has not been used yet."""
        found = self._read(program, [pool_keys.pool(program, name) for name in names], Pool)
        return {name: pool or Pool() for name, pool in zip(names, found, strict=True)}

    def receipt(self, program: str, request: str) -> Receipt | None:
        """The receipt of a request; None while nothing of it is decided, or once there were many others."""
        return self._read(program, [pool_keys.receipt(program, request)], Receipt)[0]

    def find_codes(self, program: str, hashes: Sequence[bytes]) -> list[Place | None]:
        """Where the codes with these hashes are; None for a code that the program does not have."""
        keys = [pool_keys.bucket(program, bucket_of(one)) for one in hashes]
        buckets = self._read(program, keys, CodeBucket)
        return [find_place(bucket, one) for bucket, one in zip(buckets, hashes, strict=True)]

    def _read(self, program: str, keys: Sequence[str], kind: type[_Kind]) -> list[_Kind | None]:
        if not keys:
            return []
        partition = partition_of(pools_key(program), self._partitions)
        full = [state_key(pool_keys.SERVICE, pool_keys.POOLS, partition, key) for key in keys]
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in full:
                pipeline.get(key)
            states = [None if raw is None else _decode(raw) for raw in pipeline.execute()]
        return [state if isinstance(state, kind) else None for state in states]
