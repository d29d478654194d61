"""Reads the ledger's state for the HTTP API. Every read is one round trip, however many partitions it reads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import msgspec
from redis import Redis

from referral.events.keys import beneficiary_key, pool_key
from referral.fold.state_keys import state_key
from referral.topics import partition_of
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.code_pool import Pool
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State
from reward_dispatcher.folds.state_keys import CodeHolder

_StateType = TypeVar("_StateType", Account, Redemption, Pool)
_decode = msgspec.msgpack.Decoder(State).decode


@dataclass(frozen=True, slots=True)
class WalletPage:
    """Some of a person's rewards, newest grant first, and how many there are in all."""

    accounts: list[Account]
    total: int


class RewardStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def account(self, reward: str) -> Account | None:
        """Returns a reward by its id alone."""
        return self._first(Account, self._read_all_partitions([state_keys.account(reward)]))

    def by_code(self, code: str, programs: Iterable[str]) -> list[Account]:
        """Returns the rewards with this code; several only if several programs have the code."""
        names = (state_keys.code_holder, state_keys.former_code_holder)
        keys = dict.fromkeys(name(program, code) for program in programs for name in names)
        found = self._read_all_partitions(list(keys))
        rewards = dict.fromkeys(holder.reward for holder in found if isinstance(holder, CodeHolder))
        accounts = [self.account(reward) for reward in rewards]
        return [account for account in accounts if account is not None]

    def wallet(self, program: str, person: str, start: int, count: int) -> WalletPage:
        """Returns `count` of a person's rewards from index `start` (0 is the newest)."""
        partition = self._partition_of(beneficiary_key(program, person))
        wallet = self._key(partition, state_keys.wallet(program, person))
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zrevrange(wallet, start, start + count - 1)
            pipeline.zcard(wallet)
            ids, total = pipeline.execute()
        states = self._read([self._key(partition, state_keys.account(reward.decode())) for reward in ids])
        return WalletPage([state for state in states if isinstance(state, Account)], total)

    def result(self, program: str, person: str, request: str) -> Redemption | None:
        """Returns the result of a redemption request, or None while it is undecided."""
        partition = self._partition_of(beneficiary_key(program, person))
        return self._first(Redemption, self._read([self._key(partition, state_keys.result(request))]))

    def pool(self, program: str, name: str) -> Pool:
        """Returns a pool; an empty one if it has not been used yet."""
        partition = self._partition_of(pool_key(program, name))
        return self._first(Pool, self._read([self._key(partition, state_keys.pool(program, name))])) or Pool()

    def counts(self, program: str, rules: Sequence[str]) -> dict[str, dict[str, int]]:
        """Returns for each rule how many rewards there are by status, and how many `clawback`s."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for rule in rules:
                for rank in state_keys.RANKS_BY_STATUS.values():
                    for partition in range(self._partitions):
                        key = self._key(partition, state_keys.rewards_by_status(program, rule))
                        pipeline.zcount(key, rank, rank)
            counts = iter(pipeline.execute())
        return {rule: {status: self._sum_partitions(counts) for status in state_keys.RANKS_BY_STATUS} for rule in rules}

    def _sum_partitions(self, counts: Iterator[int]) -> int:
        """Adds the next counts, one of each partition."""
        return sum(islice(counts, self._partitions))

    def _read_all_partitions(self, keys: Sequence[str]) -> list[State]:
        return self._read([self._key(partition, key) for partition in range(self._partitions) for key in keys])

    def _read(self, keys: Sequence[str]) -> list[State]:
        """The states that exist. One GET for each key, because keys may be in different slots."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.get(key)
            return [_decode(raw) for raw in pipeline.execute() if raw is not None]

    def _first(self, kind: type[_StateType], states: Sequence[State]) -> _StateType | None:
        return next((state for state in states if isinstance(state, kind)), None)

    def _partition_of(self, key: str) -> int:
        return partition_of(key, self._partitions)

    def _key(self, partition: int, key: str) -> str:
        return state_key(state_keys.SERVICE, state_keys.LEDGER, partition, key)
