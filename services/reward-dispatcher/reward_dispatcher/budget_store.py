"""Reads budgets from the ledger's state in Redis, for the HTTP API and the metrics. Every read is one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from referral.events.keys import budget_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of
from reward_dispatcher.domain.budget import BudgetAccount, WaitingCharge
from reward_dispatcher.domain.tranche import Tranches, tranche_name
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State

_decode = msgspec.msgpack.Decoder(State).decode


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """A budget in minor units: what its rewards cost (`spent`), and what is lent and not spent yet (`held`)."""

    account: BudgetAccount
    spent: int

    @property
    def held(self) -> int:
        """Lent to partitions, or kept for rewards that wait for another budget."""
        return max(0, self.account.lent - self.spent)

    def free(self, limit: int) -> int:
        """What is left of a total."""
        return max(0, limit - self.spent - self.held)


class BudgetStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def figures(self, program: str, budgets: Sequence[tuple[str, str]]) -> list[BudgetFigures]:
        """The figures of budgets of a program, given as (id, unit), in the same order. One that was never used has zeros."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for budget, unit in budgets:
                pipeline.get(self._budget_key(program, budget, state_keys.budget(program, budget, unit)))
            for partition in range(self._partitions):
                pipeline.get(self._key(partition, state_keys.tranches(program)))
            states = [_decode(raw) if raw is not None else None for raw in pipeline.execute()]
        tranches = [state for state in states[len(budgets) :] if isinstance(state, Tranches)]
        return [
            BudgetFigures(
                account if isinstance(account, BudgetAccount) else BudgetAccount(program, budget, unit),
                sum(one.get(tranche_name(budget, unit)).spent for one in tranches),
            )
            for (budget, unit), account in zip(budgets, states, strict=False)
        ]

    def stopped(self, program: str, budget: str, unit: str, after: int, count: int) -> list[WaitingCharge]:
        """The next `count` rewards that wait for a budget, in the order in which it serves them, behind the place `after`."""
        queue = self._budget_key(program, budget, state_keys.budget_queue(program, budget, unit))
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zrangebyscore(queue, after + 1, "+inf", start=0, num=count)
            [numbers] = pipeline.execute()
            for number in numbers:
                entry = state_keys.queue_entry(program, budget, unit, int(number))
                pipeline.get(self._budget_key(program, budget, entry))
            states = [_decode(raw) for raw in pipeline.execute() if raw is not None]
        return [state for state in states if isinstance(state, WaitingCharge)]

    def _budget_key(self, program: str, budget: str, key: str) -> str:
        return self._key(partition_of(budget_key(program, budget), self._partitions), key)

    def _key(self, partition: int, key: str) -> str:
        return state_key(state_keys.SERVICE, state_keys.LEDGER, partition, key)
