"""From a transition of the domain to what the ledger fold writes: the account, its indexes and timer, and the output lines."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from referral.events.budgets import BudgetRecalled
from referral.events.pools import CodeRequested, CodeReturned, pool_line_key
from referral.events.redemptions import ChargeReviewRequested, OffsetRequested
from referral.events.rewards import RewardFulfilled, reward_key
from referral.events.timestamps import DAY_MS, to_datetime
from referral.fold.fold import Decision, Key, Output, Timer
from referral.topics import POOLS, REWARDS
from reward_dispatcher.domain.account import Account, Step
from reward_dispatcher.domain.account_transitions import AccountOutput, next_timer
from reward_dispatcher.domain.balance import debt, free, in_balance, surplus
from reward_dispatcher.domain.budget import BudgetAccount, QueuePlace, WaitingCharge
from reward_dispatcher.domain.given_rewards import GivenRewards
from reward_dispatcher.domain.life_history import record_step
from reward_dispatcher.domain.operator_actions import ActionResult
from reward_dispatcher.domain.order_uses import CodedOrder
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.domain.redemption_changes import ChangeResult
from reward_dispatcher.domain.tranche import Charge, Tranches
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.message_requests import Reminder
from reward_dispatcher.folds.reward_measurements import measure_transition
from reward_dispatcher.folds.state_keys import CodeHolder

State = (
    Account
    | Redemption
    | ChangeResult
    | ActionResult
    | CodeHolder
    | Tranches
    | Charge
    | BudgetAccount
    | WaitingCharge
    | QueuePlace
    | CodedOrder
    | GivenRewards
    | Reminder
)
Changes = dict[Key, State | float | None]
_POOL_LINES = (CodeRequested, CodeReturned)  # a tuple is checked in a third of a union's time

_NEVER_MS = 9e15  # the score of a reward that does not expire
RESULT_TTL_MS = 2 * DAY_MS  # twice as long as an Idempotency-Key is honoured


def account_decision(
    before: Account | None, after: Account | None, lines: Sequence[AccountOutput] = (), decided: Step | None = None
) -> Decision[State]:
    """The account from now on (None: unchanged), and the output lines. `decided`: by an operator, for the history."""
    if after is None:
        return Decision({}, outputs(lines))
    changes = _account_changes(before, record_step(before, after, decided))
    if after.value is not None and _offset_is_due(before, after, lines):  # no reward of a plain referral has a value
        lines = (*lines, _offset_request(after, lines))
    if before is not None and _charge_follows(before, after):
        lines = (*lines, _charge_review(after, lines))
    return Decision(changes, outputs(lines), measure_transition(before, after))


def add_decision(decision: Decision[State], other: Decision[State]) -> None:
    """Adds the changes, outputs and measurements of another account."""
    decision.changes |= other.changes
    decision.outputs += other.outputs
    decision.measurements = (*decision.measurements, *other.measurements)


def _offset_is_due(before: Account | None, after: Account, lines: Sequence[AccountOutput]) -> bool:
    """Whether debt may have to be paid or given back. A credit that is fulfilled pays when its line is read."""
    if surplus(after) or debt(after) > (debt(before) if before else 0):
        return True
    if after.kind != "credit" or any(isinstance(line, RewardFulfilled) for line in lines):
        return False
    now_ms = after.changed_ms
    return free(after, now_ms) > (free(before, now_ms) if before else 0)


def _offset_request(account: Account, lines: Sequence[AccountOutput]) -> OffsetRequested:
    at = _time_of(account, lines)
    return OffsetRequested(occurred_at=at, program=account.program, id=account.id, beneficiary=account.beneficiary)


def _charge_follows(before: Account, after: Account) -> bool:
    """Whether a revoked reward is used again, or its use was given back: a used reward is charged, another revoked one is not."""
    return before.clawback != after.clawback and "revoked" in (before.status, after.status)


def _charge_review(account: Account, lines: Sequence[AccountOutput]) -> ChargeReviewRequested:
    at = _time_of(account, lines)
    return ChargeReviewRequested(
        occurred_at=at, program=account.program, id=account.id, beneficiary=account.beneficiary
    )


def _time_of(account: Account, lines: Sequence[AccountOutput]) -> datetime:
    return lines[-1].occurred_at if lines else to_datetime(account.changed_ms)


def result_changes(result: Redemption | ChangeResult | ActionResult) -> Changes:
    """The result of a request, with the timer that removes it after two days. A use stays: it may be reversed at any time."""
    key = state_keys.result(result.request)
    if isinstance(result, Redemption) and result.outcome == "redeemed":
        return {key: result, Timer(key): None} if result.until_ms is not None else {key: result}
    return {key: result, Timer(key): float(result.decided_ms + RESULT_TTL_MS)}


def outputs(lines: Iterable[AccountOutput | BudgetRecalled]) -> list[Output]:
    """The lines under their keys; requests for codes to the pools, and what a budget recalls to the partition that has it."""
    return [_output(line) for line in lines]


def _output(line: AccountOutput | BudgetRecalled) -> Output:
    if isinstance(line, _POOL_LINES):
        return Output(POOLS, line, pool_line_key(line))
    if isinstance(line, BudgetRecalled):
        return Output(REWARDS, line, partition=line.partition)
    return Output(REWARDS, line, reward_key(line))


def _account_changes(before: Account | None, after: Account) -> Changes:
    """The account, and those of its timer and indexes (wallet, status, code, tasks) that change."""
    return _new_account_changes(after) if before is None else _changes_between(before, after)


def _new_account_changes(account: Account) -> Changes:
    key = state_keys.account(account.id)
    changes: Changes = {
        key: account,
        state_keys.wallet_entry(account): 0.0,
        state_keys.status_entry(account): state_keys.status_rank(account),
    }
    timer, task = next_timer(account), state_keys.task_entry(account)
    if timer is not None:
        changes[Timer(key)] = timer
    if task is not None:
        changes[task] = float(account.changed_ms)
    if account.value is not None and in_balance(account):
        changes[state_keys.balance_entry(account)] = _expiry(account)
    if account.code:
        changes[state_keys.code_holder(account.program, account.code)] = CodeHolder(account.id)
    for entry in state_keys.order_entries(account):
        changes[entry] = 0.0
    return changes


def _changes_between(before: Account, after: Account) -> Changes:
    """Mostly the account and one more."""
    key = state_keys.account(after.id)
    changes: Changes = {key: after}
    if next_timer(before) != next_timer(after):
        changes[Timer(key)] = next_timer(after)
    if before.granted_ms != after.granted_ms:
        changes[state_keys.wallet_entry(before)] = None
        changes[state_keys.wallet_entry(after)] = 0.0
    if state_keys.status_rank(before) != state_keys.status_rank(after):
        changes[state_keys.status_entry(after)] = state_keys.status_rank(after)
    former_task, task = state_keys.task_entry(before), state_keys.task_entry(after)
    if after.value is not None:
        _add_balance_changes(before, after, changes)
    if former_task != task:
        changes |= {former_task: None} if former_task else {}
        changes |= {task: float(after.changed_ms)} if task else {}
    if before.code != after.code:
        _add_code_changes(before.code, after, changes)
    return changes if before.uses == after.uses else changes | _new_orders(before, after)


def _new_orders(before: Account, after: Account) -> Changes:
    return dict.fromkeys(state_keys.order_entries(after) - state_keys.order_entries(before), 0.0)


def _add_code_changes(before: str | None, after: Account, changes: Changes) -> None:
    if before:
        changes[state_keys.code_holder(after.program, before)] = None
    if after.code:
        changes[state_keys.code_holder(after.program, after.code)] = CodeHolder(after.id)


def _add_balance_changes(before: Account, after: Account, changes: Changes) -> None:
    entry = state_keys.balance_entry(after)
    if not in_balance(after):
        changes |= {entry: None} if in_balance(before) else {}
    elif not in_balance(before) or before.expires_ms != after.expires_ms:
        changes[entry] = _expiry(after)


def _expiry(account: Account) -> float:
    return float(account.expires_ms) if account.expires_ms is not None else _NEVER_MS
