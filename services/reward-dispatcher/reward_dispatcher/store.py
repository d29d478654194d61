"""Reads the ledger's state for the HTTP API. Every read is one round trip, however many partitions it reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

import msgspec

from referral.events.keys import beneficiary_key
from referral.events.rewards import LifeState
from referral.fold.state_keys import state_key
from referral.http.paging import ListPosition
from referral.redis_client import RedisClient
from referral.topics import partition_of
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.given_rewards import GivenRewards
from reward_dispatcher.domain.operator_actions import ActionResult
from reward_dispatcher.domain.order_uses import CodedOrder
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.domain.redemption_changes import ChangeResult
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State
from reward_dispatcher.folds.state_keys import CodeHolder

_StateType = TypeVar("_StateType", Account, Redemption, ChangeResult, ActionResult, CodedOrder)
_decode = msgspec.msgpack.Decoder(State).decode


@dataclass(frozen=True, slots=True)
class WalletPage:
    """Some of a person's rewards, newest grant first, and how many there are in all."""

    accounts: list[Account]
    total: int


class Task(NamedTuple):
    """A reward that waits for a person or a remedy, and since when (ms). Tasks sort by the length of the wait."""

    since_ms: float
    reward: str


class TaskCount(NamedTuple):
    """How many rewards wait, and since when the first one (ms); None without any."""

    number: int
    oldest_ms: float | None


class RewardStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def account(self, reward: str) -> Account | None:
        """Returns a reward by its id alone."""
        return self._first(Account, self._read_all_partitions([state_keys.account(reward)]))

    def accounts(self, rewards: Sequence[str]) -> list[Account]:
        """Returns the rewards with these ids, in this order; without those that do not exist."""
        states = self._read_all_partitions([state_keys.account(reward) for reward in rewards])
        found = {state.id: state for state in states if isinstance(state, Account)}
        return [found[reward] for reward in rewards if reward in found]

    def tasks(
        self, program: str, states: Iterable[LifeState], after: ListPosition | None, limit: int
    ) -> tuple[list[Task], bool]:
        """Returns `limit` of the rewards that wait in these states, the longest wait first, and whether there are more.

        They are those after a position, which need not exist any more. One round trip, and one more for every 1,000 members with
        the same time.
        """
        names = [state_keys.tasks(program, state) for state in states]
        pending = {self._key(partition, name): 0 for name in names for partition in range(self._partitions)}
        found: list[Task] = []
        while pending:
            for key, tasks in self._read_tasks(pending, after.score if after else None, limit + 1).items():
                later = [task for task in tasks if after is None or task > after]
                found += later
                pending[key] += limit + 1
                if later or len(tasks) <= limit:
                    del pending[key]
        return sorted(found)[:limit], len(found) > limit

    def task_counts(self, program: str, states: Sequence[LifeState]) -> dict[LifeState, TaskCount]:
        """Returns for each state how many rewards wait in it, and since when the first one. One round trip."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for state in states:
                for partition in range(self._partitions):
                    key = self._key(partition, state_keys.tasks(program, state))
                    pipeline.zcard(key)
                    pipeline.zrange(key, 0, 0, withscores=True)
            answers = iter(pipeline.execute())
        return {state: self._sum_tasks(answers) for state in states}

    def _sum_tasks(self, answers: Iterator[object]) -> TaskCount:
        """Adds the next answers, two of each partition."""
        pairs = [(next(answers), next(answers)) for _ in range(self._partitions)]
        firsts = [score for _, first in pairs for _, score in first]  # type: ignore[attr-defined] # as redis answers ZRANGE
        return TaskCount(sum(int(count) for count, _ in pairs), min(firsts, default=None))  # type: ignore[call-overload]

    def _read_tasks(self, offsets: Mapping[str, int], least: float | None, count: int) -> dict[str, list[Task]]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for key, offset in offsets.items():
                lowest = "-inf" if least is None else least
                pipeline.zrange(key, lowest, "+inf", byscore=True, offset=offset, num=count, withscores=True)
            answers: list[list[tuple[bytes, float]]] = pipeline.execute()
        return {
            key: [Task(float(score), member.decode()) for member, score in answer]
            for key, answer in zip(offsets, answers, strict=True)
        }

    def given(self, program: str) -> list[GivenRewards]:
        """Returns the rewards that each partition has given within two days, by hour. One round trip."""
        states = self._read_all_partitions([state_keys.given(program)])
        return [state for state in states if isinstance(state, GivenRewards)]

    def by_code(self, code: str, programs: Iterable[str]) -> list[Account]:
        """Returns the rewards with this code; several only if several programs have the code."""
        names = (state_keys.code_holder, state_keys.former_code_holder)
        keys = dict.fromkeys(name(program, code) for program in programs for name in names)
        found = self._read_all_partitions(list(keys))
        rewards = dict.fromkeys(holder.reward for holder in found if isinstance(holder, CodeHolder))
        accounts = [self.account(reward) for reward in rewards]
        return [account for account in accounts if account is not None]

    def by_order(self, program: str, order: str, limit: int) -> list[Account]:
        """Returns rewards that were earned with an order or used for it; at most `limit`. Two round trips."""
        members = self._of_order(state_keys.ORDERS, program, order, limit)
        return self.accounts([state_keys.reward_in_order(member) for member in members])

    def buyers(self, program: str, order: str, limit: int) -> list[str]:
        """Returns the person ids of those who paid an order that was reported with the code of a reward; at most `limit`."""
        return [state_keys.buyer_of(member) for member in self._of_order(state_keys.BUYERS, program, order, limit)]

    def _of_order(self, name: str, program: str, order: str, limit: int) -> list[str]:
        """The members of an order in a sorted set, of all partitions."""
        first, last = state_keys.order_range(program, order)
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition in range(self._partitions):
                pipeline.zrangebylex(self._key(partition, name), first, last, 0, limit)
            answers: list[list[bytes]] = pipeline.execute()
        return [member.decode() for members in answers for member in members][:limit]

    def wallet(self, program: str, person: str, start: int, count: int) -> WalletPage:
        """Returns `count` of a person's rewards from index `start` (0 is the newest)."""
        partition = self._partition_of(beneficiary_key(program, person))
        wallets = self._key(partition, state_keys.WALLETS)
        first, last = state_keys.wallet_range(program, person)
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zrevrangebylex(wallets, last, first, start, count)
            pipeline.zlexcount(wallets, first, last)
            members, total = pipeline.execute()
        ids = [state_keys.reward_in_wallet(member.decode()) for member in members]
        states = self._read([self._key(partition, state_keys.account(reward)) for reward in ids])
        return WalletPage([state for state in states if isinstance(state, Account)], total)

    def result(self, program: str, person: str, request: str) -> Redemption | None:
        """Returns the result of a redemption request, or None while it is undecided."""
        partition = self._partition_of(beneficiary_key(program, person))
        return self._first(Redemption, self._read([self._key(partition, state_keys.result(request))]))

    def redemption(self, request: str) -> Redemption | None:
        """Returns the redemption of a request by its id alone."""
        return self._first(Redemption, self._read_all_partitions([state_keys.result(request)]))

    def change_result(self, program: str, person: str, request: str) -> ChangeResult | None:
        """Returns the result of a request to change a redemption, or None while it is undecided."""
        partition = self._partition_of(beneficiary_key(program, person))
        return self._first(ChangeResult, self._read([self._key(partition, state_keys.result(request))]))

    def balance(self, program: str, person: str) -> list[Account]:
        """Returns the rewards that take part in a person's balances, the soonest to expire first."""
        partition = self._partition_of(beneficiary_key(program, person))
        group = state_keys.balance(program, person)
        members: list[bytes] = self._redis.zrange(self._key(partition, group.sorted_set), 0, -1)  # type: ignore[assignment] # without scores
        states = self._read([self._key(partition, group.prefix + member.decode()) for member in members])
        return [state for state in states if isinstance(state, Account)]

    def order(self, program: str, person: str, order: str) -> CodedOrder | None:
        """Returns an order of a person that was reported with a code, or of which only refunds were reported until now."""
        partition = self._partition_of(beneficiary_key(program, person))
        return self._first(CodedOrder, self._read([self._key(partition, state_keys.order(program, person, order))]))

    def action_result(self, program: str, person: str, request: str) -> ActionResult | None:
        """Returns the result of an operator's request, or None while it is undecided."""
        partition = self._partition_of(beneficiary_key(program, person))
        return self._first(ActionResult, self._read([self._key(partition, state_keys.result(request))]))

    def action_results(self, requests: Sequence[tuple[Account, str]]) -> list[ActionResult]:
        """Returns the results of those requests about rewards that were decided. One round trip."""
        keys = [
            self._key(self._partition_of(beneficiary_key(one.program, one.beneficiary)), state_keys.result(request))
            for one, request in requests
        ]
        return [state for state in self._read(keys) if isinstance(state, ActionResult)]

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
