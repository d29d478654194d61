"""What the folds remember, as the HTTP side reads it. Every read is one round trip, however many partitions it asks."""

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
    """The ledger's states in Redis; for any number of threads. Raises redis's errors where Redis is away."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def account(self, reward: str) -> Account | None:
        """A reward by its id, wherever it lives."""
        return self._only(Account, self._read_all_partitions([state_keys.account(reward)]))

    def by_code(self, code: str, programs: Iterable[str]) -> list[Account]:
        """The rewards with this code; more than one only where several programs uploaded the same."""
        found = self._read_all_partitions([state_keys.code_holder(program, code) for program in programs])
        holders = [self.account(holder.reward) for holder in found if isinstance(holder, CodeHolder)]
        return [account for account in holders if account is not None]

    def wallet(self, program: str, person: str, start: int, count: int) -> WalletPage:
        """A person's rewards from place `start` (0 is the newest) on."""
        home = self._partition_of(beneficiary_key(program, person))
        board = self._key(home, state_keys.wallet(program, person))
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zrevrange(board, start, start + count - 1)
            pipeline.zcard(board)
            ids, total = pipeline.execute()
        states = self._read([self._key(home, state_keys.account(reward.decode())) for reward in ids])
        return WalletPage([one for one in states if isinstance(one, Account)], total)

    def result(self, program: str, person: str, request: str) -> Redemption | None:
        """What a redemption request led to; None while it is undecided."""
        home = self._partition_of(beneficiary_key(program, person))
        return self._only(Redemption, self._read([self._key(home, state_keys.result(request))]))

    def pool(self, program: str, name: str) -> Pool:
        """A pool; an empty one where nobody asked it for anything yet."""
        place = state_keys.pool(program, name)
        return self._only(Pool, self._read([self._key(self._partition_of(pool_key(program, name)), place)])) or Pool()

    def counts(self, program: str, rules: Sequence[str]) -> dict[str, dict[str, int]]:
        """For each rule how many rewards there are of each rank (the statuses, and `clawback`)."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for rule in rules:
                for rank in state_keys.RANKS_BY_STATUS.values():
                    for partition in range(self._partitions):
                        pipeline.zcount(self._key(partition, state_keys.rewards_by_status(program, rule)), rank, rank)
            answers = iter(pipeline.execute())
        return {rule: {name: self._sum_partitions(answers) for name in state_keys.RANKS_BY_STATUS} for rule in rules}

    def _sum_partitions(self, answers: Iterator[int]) -> int:
        """Adds the next counts, one of each partition."""
        return sum(islice(answers, self._partitions))

    def _read_all_partitions(self, keys: Sequence[str]) -> list[State]:
        return self._read([self._key(partition, key) for partition in range(self._partitions) for key in keys])

    def _read(self, keys: Sequence[str]) -> list[State]:
        """The states that are there; keys may lie in different slots, so each is asked for by itself."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.get(key)
            return [_decode(raw) for raw in pipeline.execute() if raw is not None]

    def _only(self, kind: type[_StateType], states: Sequence[State]) -> _StateType | None:
        return next((state for state in states if isinstance(state, kind)), None)

    def _partition_of(self, key: str) -> int:
        return partition_of(key, self._partitions)

    def _key(self, partition: int, key: str) -> str:
        return state_key(state_keys.SERVICE, state_keys.LEDGER, partition, key)
