"""The ledger's cases of budgets, in the partition of a beneficiary: what a reward is charged, and what goes back."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.budgets import BudgetAllotted, BudgetRecalled
from referral.events.money import Value
from referral.events.rewards import RewardGranted
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.budget_limit import limit_at
from reward_dispatcher.domain.tranche import (
    Charge,
    ChargedReward,
    ChargeStep,
    Tranches,
    acquire,
    adjust,
    cancel,
    drop_increase,
    new_charge,
    return_tranche,
    take_allotment,
)
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State, outputs

States = Mapping[Key, State | float | None]


def charge_keys(program: str, reward: str) -> tuple[str, ...]:
    """The states of what a reward is charged."""
    return state_keys.charge(reward), state_keys.tranches(program)


def charged_cost(grant: RewardGranted) -> Value | None:
    """What a grant's budgets are charged, which may be nothing until its cost is raised; None if it has no budget or no cost."""
    return grant.cost if grant.budgets else None


class ChargeCase:
    """One line about one reward, with the states of its charge."""

    def __init__(self, reward: ChargedReward, states: States, catalog: Catalog) -> None:
        charge, tranches = states[state_keys.charge(reward.reward)], states[state_keys.tranches(reward.program)]
        self.charge = charge if isinstance(charge, Charge) else None
        self._reward = reward
        self._catalog = catalog
        tranches = tranches if isinstance(tranches, Tranches) else Tranches()
        self._tranches = replace(tranches, as_of_ms=max(tranches.as_of_ms, to_ms(reward.at)))

    def charge_to(self, cost: Value, budgets: tuple[str, ...]) -> ChargeStep:
        """Charges a grant. What the reward was charged before was handed back at its revocation, or is now."""
        former = self.cancel()
        tranches, lines = (former.tranches, former.lines) if former else (self._tranches, ())
        charge = new_charge(cost, budgets)
        step = acquire(tranches, charge, self._reward, self._limits(charge))
        return replace(step, lines=(*lines, *step.lines))

    def charge_again(self) -> ChargeStep | None:
        """Charges a reward whose charge was cancelled: it is restored, or used again; None if there is nothing to charge."""
        if self.charge is None or not self.charge.is_cancelled:
            return None
        return acquire(self._tranches, self.charge, self._reward, self._limits(self.charge))

    def allot(self, line: BudgetAllotted, account: Account | None) -> ChargeStep:
        """Takes the answer of a budget. What it has for a higher cost of a reward that expired meanwhile goes back."""
        expired = self.drop_increase() if account is not None and account.status == "expired" else None
        charge, tranches = (expired.charge, expired.tranches) if expired else (self.charge, self._tranches)
        limits = self._limits(charge) if charge else {}
        step = take_allotment(tranches, charge, line, self._reward, limits)
        return replace(step, lines=(*expired.lines, *step.lines)) if expired else step

    def cancel(self) -> ChargeStep | None:
        """Hands back what the reward was charged; None if it was not."""
        return cancel(self._tranches, self.charge, self._reward) if self.charge else None

    def adjust(self, account: Account, cost: Value | None, value: Value) -> ChargeStep | None:
        """Charges a higher cost or gives a lower one back; None if the reward was not charged, or is over.

        A higher cost of a reward that was revoked after its use changes nothing: it is not owed.
        """
        if self.charge is None or account.status == "expired":
            return None
        if account.clawback and cost is not None and cost.amount > self.charge.cost:
            return ChargeStep(self._tranches, self.charge)
        return self._adjust(self.charge, account, cost, value)

    def _adjust(self, charge: Charge, account: Account, cost: Value | None, value: Value) -> ChargeStep:
        """Another cost. A used reward gives nothing back: it stays used, and what was taken from it is owed."""
        cost = cost or Value(0, charge.unit)
        if account.status == "redeemed" and cost.unit == charge.unit:
            cost = Value(max(cost.amount, charge.cost), cost.unit)
        return adjust(self._tranches, charge, self._reward, (cost, value), self._limits(charge))

    def charge_used(self, account: Account, cost: Value, value: Value | None) -> ChargeStep | None:
        """Charges a used reward that is owed again: mostly what it costs more; all of it if that was handed back meanwhile."""
        if self.charge is not None and self.charge.is_cancelled:
            is_same = cost.unit == self.charge.unit
            charge = replace(self.charge, cost=cost.amount) if is_same else self.charge
            step = acquire(self._tranches, charge, self._reward, self._limits(charge))
            return replace(step, value=value if is_same else None)
        return (
            self._adjust(self.charge, account, cost, value) if self.charge is not None and value is not None else None
        )

    def drop_increase(self) -> ChargeStep | None:
        """Hands back what a higher cost was charged that is not charged yet as a whole; None if there is none."""
        if self.charge is None or self.charge.increase is None:
            return None
        return drop_increase(self._tranches, self.charge, self._reward)

    def waits_for(self, step: ChargeStep | None) -> str | None:
        """The budget that the reward's own charge waits for, after a step if there is one; None if it is paid."""
        charge = step.charge if step else self.charge
        return charge.waits_for if charge else None

    def review(self, account: Account) -> ChargeStep | None:
        """Charges what a revoked reward costs while it is used, and hands it back when it is not; None if that is so already."""
        if account.status == "revoked":
            return self.cancel()
        return self.charge_again() if account.clawback else None

    def _limits(self, charge: Charge) -> dict[str, int]:
        versions, at_ms = self._catalog.versions(self._reward.program), self._tranches.as_of_ms
        return {budget: limit_at(versions, budget, charge.unit, at_ms) for budget in charge.budgets}


def charged_reward(program: str, reward: str, beneficiary: str, position: Position, at: datetime) -> ChargedReward:
    """Whose charge a line is about, and where it is."""
    return ChargedReward(program, reward, beneficiary, position.partition, at)


def add_step(decision: Decision[State], program: str, reward: str, step: ChargeStep | None) -> Decision[State]:
    """The decision with the changes of a charge, and its lines to budgets."""
    if step is not None:
        decision.changes[state_keys.tranches(program)] = step.tranches
        if step.charge is not None:
            decision.changes[state_keys.charge(reward)] = step.charge
        decision.outputs += outputs(step.lines)
    return decision


def recall_decision(line: BudgetRecalled, states: States) -> Decision[State]:
    """The rest of a tranche goes back to its budget."""
    key = state_keys.tranches(line.program)
    tranches = states[key]
    step = return_tranche(tranches if isinstance(tranches, Tranches) else Tranches(), line)
    return Decision({key: step.tranches}, outputs(step.lines))
