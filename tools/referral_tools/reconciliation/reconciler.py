"""Reads the log, Redis and the API, and compares them.

All three go on changing. So the log is read before and after what it is compared with: if it says the same both times, and the
ledger had folded all of it, a difference is none of time.
"""

import time
from collections.abc import Callable, Mapping

from referral.config import Settings
from referral.log.log_reader import KafkaLogReader
from referral.log.topic_admin import partition_count
from referral.redis_client import connect_for_folds
from referral.topics import REWARDS
from referral_tools.pool_check import CheckedPool, PoolCheck, check_pools
from referral_tools.pool_log import PoolLog
from referral_tools.reconciliation.account_comparison import (
    Comparison,
    RewardKey,
    all_keys,
    compare,
    logged_reward,
)
from referral_tools.reconciliation.aggregates import budgets, rule_counts, totals
from referral_tools.reconciliation.api_figures import api_budgets, api_counts, api_limits, named_figures
from referral_tools.reconciliation.budget_sums import BudgetName
from referral_tools.reconciliation.certainty import Found, Verdict, decide
from referral_tools.reconciliation.money_figures import MoneyFigures
from referral_tools.reconciliation.result import (
    BudgetResult,
    Difference,
    PoolResult,
    ProgramResult,
    Reconciliation,
    UnitResult,
)
from referral_tools.reconciliation.reward_log import Progress, RewardLog
from referral_tools.reconciliation.reward_sums import RewardSums
from referral_tools.reconciliation.stored_rewards import StoredRewards
from referral_tools.service_client import ServiceClient

_LOG_PATIENCE_S = 30.0
_FOLD_PATIENCE_S = 120.0
_PAUSE_S = 0.25


class LedgerBehind(Exception):
    """The ledger did not reach the end of its topic, as it was at the start, in time."""


def no_progress(_done: int, _total: int) -> None:
    """Shows nothing."""


def reconcile(
    settings: Settings, client: ServiceClient, program: str | None = None, progress: Progress = no_progress
) -> Reconciliation:
    """Recomputes one program, or all of them (None), and compares; `client` has a key with the scope read.

    Raises LedgerBehind, LogUnavailable, redis's errors, and click's if the API refuses or does not respond.
    """
    with KafkaLogReader(settings, connect_timeout_s=_LOG_PATIENCE_S, record_timeout_s=_LOG_PATIENCE_S) as reader:
        redis = connect_for_folds(settings)
        try:
            log = RewardLog(reader, RewardSums(partition_count(REWARDS, settings), program), progress)
            reconciler = _Reconciler(log, StoredRewards(redis), client, program)
            reconciler.wait_for_ledger()
            return reconciler.run(lambda name: check_pools(PoolLog(reader, settings, name), client, name))
        finally:
            redis.close()


class _Reconciler:
    def __init__(self, log: RewardLog, stored: StoredRewards, client: ServiceClient, program: str | None) -> None:
        self._log, self._sums = log, log.sums
        self._stored = stored
        self._client = client
        self._program = program

    def wait_for_ledger(self) -> None:
        """Returns once the ledger has folded what is on the log now. Raises LedgerBehind."""
        ends, deadline = self._log.ends(), time.monotonic() + _FOLD_PATIENCE_S
        while behind := sum(max(0, ends[one] - 1 - offset) for one, offset in self._fold_offsets().items()):
            if time.monotonic() > deadline:
                raise LedgerBehind(
                    f"the fold ledger is {behind:,} records behind after {_FOLD_PATIENCE_S:.0f} s: is it running (`/readyz`)?"
                    " Compare again once it has caught up."
                )
            time.sleep(_PAUSE_S)

    def run(self, pools_of: Callable[[str], PoolCheck]) -> Reconciliation:
        """Compares everything."""
        self._read_on()
        rewards = self._compare_rewards()
        programs = {one.program for _, one in self._sums.rewards()} | {
            one.program for one in rewards.differences.values()
        }
        names = [self._program] if self._program else sorted(programs)
        results = [self._program_result(name, rewards, pools_of(name)) for name in names]
        return Reconciliation(results, sum(1 for _ in self._sums.rewards()))

    def _fold_offsets(self) -> dict[int, int]:
        return self._stored.fold_offsets(len(self._sums.partitions))

    def _read_on(self) -> None:
        """Adds what has come since; of what waited, that takes effect which the ledger had folded."""
        folded = self._fold_offsets()
        self._log.read()
        self._sums.settle(folded)

    def _compare_rewards(self) -> Verdict[RewardKey, Comparison]:
        suspects: set[RewardKey] = set()
        for keys in all_keys(self._sums, self._stored, self._program):
            suspects |= {key for key, one in compare(self._sums, self._stored, keys).items() if one.differs}

        def look() -> Mapping[RewardKey, Found[Comparison]]:
            if not suspects:
                return {}
            self._read_on()
            found = compare(self._sums, self._stored, suspects)
            self._read_on()
            return {
                key: Found(one, one.log == logged_reward(self._sums, key)) for key, one in found.items() if one.differs
            }

        return decide(look)

    def _program_result(self, program: str, rewards: Verdict[RewardKey, Comparison], pools: PoolCheck) -> ProgramResult:
        own = {key: one for key, one in rewards.differences.items() if one.program == program}
        busy = [f"reward {key.reward}" for key, one in rewards.undecided.items() if one.program == program]
        figures = decide(lambda: self._look_at_figures(program))
        return ProgramResult(
            program=program,
            units=_units(program, self._sums, own),
            budgets=self._budgets(program),
            pools=[_pool(one) for one in pools.pools],
            differences=[
                *(Difference(f"reward {key.reward}{_whose(one)}", one.describe()) for key, one in own.items()),
                *(Difference(what, detail) for what, detail in figures.differences.items()),
                *(Difference("pools", problem) for problem in pools.problems),
            ],
            undecided=[*busy, *figures.undecided],
        )

    def _look_at_figures(self, program: str) -> dict[str, Found[str]]:
        """The counts of rules and the figures of budgets in which the API differs from the log."""
        self._read_on()
        counts, answered_budgets = api_counts(self._client, program), api_budgets(self._client, program)
        answered = named_figures(counts, answered_budgets)
        spent = {name: figures.spent for name, figures in answered_budgets.items()}
        before = self._figures(program, spent)
        self._read_on()
        after = self._figures(program, spent)
        return {
            what: Found(f"{answered.get(what, 0):,} by the API, {before.get(what, 0):,} by the log", before == after)
            for what in sorted({*before, *answered})
            if before.get(what, 0) != answered.get(what, 0)
        }

    def _figures(self, program: str, spent: Mapping[BudgetName, int]) -> dict[str, int]:
        return named_figures(rule_counts(self._sums, program), budgets(self._sums, program, spent))

    def _budgets(self, program: str) -> list[BudgetResult]:
        limits = api_limits(self._client, program)
        spent = {name: figures.spent for name, figures in api_budgets(self._client, program).items()}
        return [
            BudgetResult(name.budget, name.unit, limits.get(name, 0), *figures)
            for name, figures in budgets(self._sums, program, spent).items()
        ]


def _units(program: str, sums: RewardSums, differing: Mapping[RewardKey, Comparison]) -> list[UnitResult]:
    """The figures of each unit by the log; those of the system are the same but for what differs."""
    log = totals(sums, program)
    system = dict(log)
    for one in differing.values():
        if one.log is not None:
            system[one.log.unit] = system[one.log.unit].plus(one.log.figures, -1)
        if one.stored is not None:
            system[one.stored.unit] = system.get(one.stored.unit, MoneyFigures()).plus(one.stored.figures)
    return [UnitResult(unit, log.get(unit, MoneyFigures()), system[unit]) for unit in sorted(system)]


def _pool(pool: CheckedPool) -> PoolResult:
    one = pool.account
    return PoolResult(one.pool, one.uploaded, pool.free, one.reserved, one.given, one.void)


def _whose(one: Comparison) -> str:
    return f" (rule {one.log.rule}, {one.log.beneficiary})" if one.log else ""
