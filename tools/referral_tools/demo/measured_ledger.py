"""What was measured of money, codes and messages at the end of a campaign: from the log, the API, and the webhook receiver."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from referral.events.money import money
from referral.events.program import Program
from referral.events.reward_rules import Budget
from referral.events.timestamps import to_ms
from referral_tools.campaign.receiver import WebhookReceiver
from referral_tools.campaign.scene_player import SceneResult
from referral_tools.campaign.scenes import RaiseBudget
from referral_tools.campaign.script import ScriptStep
from referral_tools.demo.recorded_rewards import BudgetLimit, RecordedRewards, deliveries
from referral_tools.demo.system_figures import WebhookFigures
from referral_tools.pool_accounting import PoolAccount, PoolAccounting
from referral_tools.reconciliation import Reconciliation

_CODE_STATES = ("uploaded", "free", "reserved", "given", "void")


@dataclass(frozen=True, slots=True)
class MeasuredLedger:
    """`uploaded` is what the API answered to uploads, `pool_codes` the codes of all pools by the log.

    `refused` is how often the receiver was down for a message, `unreconciled` what `referral rewards reconcile` finds different.
    """

    rewards: RecordedRewards
    budget_exceeded: int
    pools: frozenset[str]
    pool_codes: Mapping[str, int]
    pool_problems: Sequence[str]
    uploaded: int
    deliveries: Mapping[str, int]
    refused: int
    unreconciled: int

    @property
    def reconciled(self) -> bool:
        """Whether log and API agree."""
        return self.unreconciled == 0


def measured_ledger(
    rewards: RecordedRewards,
    limits: Sequence[BudgetLimit],
    pools: PoolAccounting,
    scenes: SceneResult,
    receiver: WebhookReceiver,
    webhook: WebhookFigures,
    reconciliation: Reconciliation,
) -> MeasuredLedger:
    """Puts the measurements together."""
    accounts = list(pools.accounts())
    return MeasuredLedger(
        rewards=rewards,
        budget_exceeded=rewards.budget_excess(limits),
        pools=frozenset(account.pool for account in accounts),
        pool_codes=_sums(accounts),
        pool_problems=tuple(pools.problems),
        uploaded=sum(scenes.uploaded.values()),
        deliveries=deliveries(rewards.messages, receiver.accepted, webhook.waiting, webhook.failed),
        refused=receiver.refused,
        unreconciled=sum(len(one.differences) + len(one.undecided) for one in reconciliation.programs),
    )


def _sums(accounts: Sequence[PoolAccount]) -> dict[str, int]:
    return {state: sum(getattr(account, state) for account in accounts) for state in _CODE_STATES}


def budget_limits(program: Program, steps: Iterable[ScriptStep]) -> list[BudgetLimit]:
    """The totals of the rules' budgets: those that the program begins with, and those of the scenes that raise them."""
    budgets = {rule.id: rule.budget for rule in program.rewards if rule.budget is not None}
    limits = [BudgetLimit(0, rule, _minor(budget, budget.total)) for rule, budget in budgets.items()]
    raised = [(step.at, scene) for step in steps for scene in step.scenes if isinstance(scene, RaiseBudget)]
    return limits + [
        BudgetLimit(to_ms(at), scene.rule, _minor(budgets[scene.rule], scene.total))
        for at, scene in raised
        if scene.rule in budgets
    ]


def _minor(budget: Budget, total: int) -> int:
    return money(Decimal(total), budget.currency).amount
