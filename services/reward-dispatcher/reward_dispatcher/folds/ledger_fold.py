"""Rewards → rewards: the account of every reward, in the order of the log.

The ledger reads the topic that it writes. Most of its own output lines repeat what the account already contains. It asks the pools
fold for uploaded codes, by lines of `pools`, and gets them as `code.issued`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.budgets import (
    BudgetAllotted,
    BudgetContinued,
    BudgetReached,
    BudgetRecalled,
    BudgetReleaseRequested,
    BudgetRequested,
    BudgetReturned,
)
from referral.events.line import ClockTicked
from referral.events.money import Value
from referral.events.order_codes import OrderCodeRefused, OrderCodeSought, OrderCodeTaken, OrderReported
from referral.events.redemptions import (
    ChargeReviewRequested,
    OffsetRequested,
    RedemptionChangeRequested,
    RedemptionHeld,
    RedemptionRefused,
    RedemptionReleased,
    RedemptionRequested,
    RedemptionReturned,
    RewardOffset,
    RewardRedeemed,
)
from referral.events.rewards import (
    ClawbackOpened,
    CodeIssued,
    RewardActionRefused,
    RewardActionRequested,
    RewardAdjusted,
    RewardApproved,
    RewardDelivered,
    RewardExpired,
    RewardFulfilled,
    RewardGranted,
    RewardHeld,
    RewardLine,
    RewardReleased,
    RewardRestored,
    RewardRevoked,
    RewardStopped,
)
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position, Timer
from referral.topics import DELIVERIES, POOLS, REWARDS, Topic
from reward_dispatcher.domain import account_transitions
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.account_transitions import CodeGenerator, Transition
from reward_dispatcher.domain.budget import BudgetAccount
from reward_dispatcher.domain.given_rewards import GivenRewards
from reward_dispatcher.domain.operator_actions import ActionResult, decide_action, decision_step, refusal_of
from reward_dispatcher.domain.order_uses import CodedOrder
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.domain.redemption_changes import ChangeResult
from reward_dispatcher.domain.tranche import ChargeStep
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.balance_decisions import (
    change_decision,
    change_keys,
    offset_decision,
    redemption_decision,
    redemption_keys,
)
from reward_dispatcher.folds.budget_cases import budget_decision, budget_keys, look_again
from reward_dispatcher.folds.charge_cases import (
    ChargeCase,
    add_step,
    charge_keys,
    charged_cost,
    charged_reward,
    recall_decision,
)
from reward_dispatcher.folds.file_cases import with_available_file
from reward_dispatcher.folds.message_requests import (
    Reminder,
    expiring_message,
    fulfilled_lines,
    is_handed_over,
    ready_message,
    reminder_of,
    revoked_message,
)
from reward_dispatcher.folds.order_cases import (
    answer_decision,
    forget_order,
    order_keys,
    report_decision,
    search_decision,
)
from reward_dispatcher.folds.state_changes import State, account_decision, result_changes
from reward_dispatcher.sealed_codes import CodeSealer

_States = Mapping[Key, State | float | None]
_WITHOUT_STATE = (
    RewardRedeemed,
    ClawbackOpened,
    RedemptionRefused,
    RewardApproved,
    RewardActionRefused,
    RewardReleased,
    RewardRestored,
    RedemptionHeld,
    RedemptionReleased,
    RedemptionReturned,
    RewardOffset,
    RewardStopped,
    BudgetReached,
)
"""The lines that change no state: mostly the ledger's own, which repeat what the account already contains."""
_AccountLine = RewardGranted | RewardFulfilled | RewardHeld | RewardDelivered | CodeIssued


class LedgerFold:
    """Holds, fulfils, redeems once, revokes and expires rewards.

    `generate_code` returns the generated code of a key and a reward. Uploaded codes are sealed in every line: `codes` opens those
    that are read, and seals those that are written.
    """

    name = state_keys.LEDGER
    service = state_keys.SERVICE
    source: Topic = REWARDS
    outputs: Sequence[Topic] = (REWARDS, POOLS, DELIVERIES)
    ignored: Sequence[type[Struct]] = _WITHOUT_STATE
    state: object = State
    keeps_order = True

    def __init__(self, generate_code: CodeGenerator, codes: CodeSealer) -> None:
        self._generate_code = generate_code
        self._codes = codes

    def keys(self, line: RewardLine) -> Sequence[Key]:  # noqa: C901, PLR0911, PLR0912 - a table
        """The account (with the request's result); nothing for output lines that change no state."""
        if isinstance(line, _WITHOUT_STATE):
            return ()
        match line:
            case RewardGranted():
                keys = state_keys.account(line.id), state_keys.given(line.program)
                return (*keys, *charge_keys(line.program, line.id)) if charged_cost(line) else keys
            case RewardExpired():
                return charge_keys(line.program, line.id)
            case RewardRevoked() | RewardAdjusted() | BudgetAllotted() | ChargeReviewRequested():
                return state_keys.account(line.id), *charge_keys(line.program, line.id)
            case BudgetRecalled():
                return (state_keys.tranches(line.program),)
            case BudgetRequested() | BudgetReturned() | BudgetReleaseRequested() | BudgetContinued():
                return budget_keys(line)
            case RewardFulfilled() if _follows_from_grant(line):
                return ()
            case RewardFulfilled(kind="credit") | OffsetRequested():
                return (state_keys.balance(line.program, line.beneficiary),)
            case OrderReported() | OrderCodeSought() | OrderCodeTaken() | OrderCodeRefused():
                return order_keys(line, self._codes)
            case RedemptionRequested():
                return redemption_keys(line)
            case RedemptionChangeRequested():
                return change_keys(line)
            case RewardActionRequested():
                account, result = state_keys.account(line.id), state_keys.result(line.request)
                return account, result, *charge_keys(line.program, line.id)
            case RewardFulfilled() | RewardHeld() | RewardDelivered() | CodeIssued():
                return (state_keys.account(line.id),)
            case ClockTicked():
                return ()
            case _:
                assert_never(line)

    def decide(self, line: RewardLine, states: _States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns the changes of the account, and the output lines. Raises DecryptionFailed if a key is missing."""
        if isinstance(line, RewardFulfilled) and _follows_from_grant(line):  # half of all lines
            return Decision()
        decision = self._sealed(self._decide(self._codes.open_line(line), states, catalog, position))
        if isinstance(line, RewardRevoked) and is_handed_over(_account(line.id, states)):
            decision.outputs += revoked_message(line, catalog)
        return _with_messages(decision, catalog)

    def _decide(  # noqa: C901, PLR0911, PLR0912 - a table
        self, line: RewardLine, states: _States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        if isinstance(line, _WITHOUT_STATE):
            return Decision()
        match line:
            case RewardGranted() if cost := charged_cost(line):
                return _count_given(self._charged_grant(line, cost, states, catalog, position), line, states)
            case RewardExpired():
                step = _charge_case(line, states, catalog, position).drop_increase()
                return add_step(Decision(), line.program, line.id, step)
            case RewardRevoked() | RewardAdjusted() | BudgetAllotted() | ChargeReviewRequested():
                return self._charge_decision(line, states, catalog, position)
            case BudgetRecalled():
                return recall_decision(line, states)
            case BudgetRequested() | BudgetReturned() | BudgetReleaseRequested() | BudgetContinued():
                return budget_decision(line, states, catalog)
            case RewardGranted():
                account = _account(line.id, states)
                transition = with_available_file(
                    account, self._transition(account, line), catalog, line.occurred_at, position
                )
                return _count_given(_account_decision(account, transition), line, states)
            case OrderReported():
                return report_decision(line, states, position, self._codes)
            case OrderCodeSought():
                return search_decision(line, states, position, self._codes)
            case OrderCodeTaken() | OrderCodeRefused():
                return answer_decision(line, states)
            case RedemptionRequested():
                return redemption_decision(line, states)
            case RedemptionChangeRequested():
                return change_decision(line, states)
            case RewardFulfilled(kind="credit") | OffsetRequested():
                return offset_decision(line, states)
            case RewardActionRequested():
                return self._action_decision(line, states, catalog, position)
            case ClockTicked():
                return Decision()
            case _:
                account = _account(line.id, states)
                return _account_decision(account, self._transition(account, line))

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Ends holding periods, expires rewards, and removes results that are too old to be requested again, and such orders."""
        if isinstance(state, Account):
            transition = account_transitions.apply_time(state, tick.occurred_at, self._generate_code)
            with_file = with_available_file(state, transition, catalog, tick.occurred_at, position)
            return _with_messages(self._sealed(_account_decision(state, with_file)), catalog)
        if isinstance(state, Reminder):
            return Decision({key: None}, expiring_message(state, tick.occurred_at))
        if isinstance(state, BudgetAccount):
            return look_again(tick, key, state, catalog)
        if isinstance(state, CodedOrder):
            return forget_order(key, state)
        return Decision({key: None} if isinstance(state, Redemption | ChangeResult | ActionResult) else {})

    def _charged_grant(
        self, line: RewardGranted, cost: Value, states: _States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """A grant with a cost: its budgets are charged, or it waits for them. A used reward that was revoked is charged already."""
        account, step = _account(line.id, states), None
        case, transition = _charge_case(line, states, catalog, position), None
        if account is None or account.status == "revoked":
            transition = account_transitions.apply_grant(account, line, self._generate_code)
            step = case.charge_to(cost, line.budgets) if transition is not None else None
        elif account_transitions.end_clawback(account, line) is not None:
            step = case.charge_used(account, cost, line.value)
            line = line if step is None or step.value is not None else replace(line, value=account.value)
            transition = account_transitions.end_clawback(account, line)
        if transition is not None and (budget := case.waits_for(step)):
            transition = account_transitions.stop(account, line, budget)
        decision = _account_decision(
            account, with_available_file(account, transition, catalog, line.occurred_at, position)
        )
        return add_step(decision, line.program, line.id, step)

    def _charge_decision(
        self,
        line: RewardRevoked | RewardAdjusted | BudgetAllotted | ChargeReviewRequested,
        states: _States,
        catalog: Catalog,
        position: Position,
    ) -> Decision[State]:
        """What changes the charge of a reward: its revocation, another cost, the answer of a budget, a use after its revocation."""
        account, case = _account(line.id, states), _charge_case(line, states, catalog, position)
        transition, step = None, None
        match line:
            case RewardRevoked():
                transition = account_transitions.apply_revocation(account, line) if account else None
                after = transition.account if transition else account
                if after is not None and (after.status == "revoked" or after.clawback):
                    step = case.cancel() if after.status == "revoked" else case.drop_increase()
            case RewardAdjusted():
                step = case.adjust(account, line.cost, line.value) if account else None
                if account is not None and step is None:
                    transition = account_transitions.set_value(account, line.value, line.occurred_at)
            case BudgetAllotted():
                step = case.allot(line, account)
                transition = self._allotted(account, step, line.occurred_at) if account and step.charge else None
                transition = with_available_file(account, transition, catalog, line.occurred_at, position)
            case ChargeReviewRequested():
                step = case.review(account) if account else None
            case _:
                assert_never(line)
        transition = _with_value(account, transition, step, line.occurred_at)
        return add_step(_account_decision(account, transition), line.program, line.id, step)

    def _allotted(self, account: Account, step: ChargeStep, at: datetime) -> Transition | None:
        """The reward goes on if its budgets are charged, or waits for the next of them."""
        if step.charge is None or (budget := step.charge.waits_for) is None:
            return account_transitions.release(
                replace(account, value=step.value or account.value), at, self._generate_code
            )
        return account_transitions.wait_for_next_budget(account, budget, at)

    def _sealed(self, decision: Decision[State]) -> Decision[State]:
        """The decision with the codes of its output lines sealed."""
        outputs = decision.outputs
        for index, output in enumerate(outputs):
            line = self._codes.seal_line(output.line)  # type: ignore[type-var]
            if line is not output.line:
                outputs[index] = output._replace(line=line)
        return decision

    def _transition(self, account: Account | None, line: _AccountLine) -> Transition | None:
        """The transition that a line leads to. Only a grant opens an account."""
        if isinstance(line, RewardGranted):
            return account_transitions.apply_grant(account, line, self._generate_code)
        return None if account is None else _apply(account, line)

    def _action_decision(
        self, line: RewardActionRequested, states: _States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """What an operator's decision leads to. A request that already has its result changes nothing."""
        if states[state_keys.result(line.request)] is not None:
            return Decision()
        account = _account(line.id, states)
        charged, step = account, None
        case = _charge_case(line, states, catalog, position)
        if account is not None and line.action == "restore" and (account.status == "revoked" or account.clawback):
            step = case.charge_again()
            charged = replace(account, budget=case.waits_for(step))
        transition, result = decide_action(charged, line, self._generate_code)
        if transition is not None and transition.account.clawback and line.action == "revoke":
            step = case.drop_increase()
        if transition is None:
            decision, step = account_decision(account, None, (refusal_of(line, result),)), None
        else:
            transition = with_available_file(account, transition, catalog, line.occurred_at, position) or transition
            decision = account_decision(account, transition.account, transition.lines, decision_step(line))
        decision.changes |= result_changes(result)
        return add_step(decision, line.program, line.id, step)


def _count_given(decision: Decision[State], grant: RewardGranted, states: _States) -> Decision[State]:
    """The decision, with the reward counted if it is new. The same id that is granted again counts once."""
    if states[state_keys.account(grant.id)] is None and state_keys.account(grant.id) in decision.changes:
        given = states[state_keys.given(grant.program)]
        before = given if isinstance(given, GivenRewards) else GivenRewards()
        decision.changes[state_keys.given(grant.program)] = before.with_reward(to_ms(grant.occurred_at), grant.value)
    return decision


def _follows_from_grant(line: RewardFulfilled) -> bool:
    """Whether the account has all of the line since the grant: a generated code, or nothing that is handed over.

    A credit pays for debt when its line is read.
    """
    return line.file is None and line.code is None and line.sealed_code is None and line.kind != "credit"


def _apply(
    account: Account,
    line: RewardHeld | CodeIssued | RewardFulfilled | RewardDelivered,
) -> Transition | None:
    match line:
        case RewardFulfilled():
            return account_transitions.apply_fulfilment(account, line)
        case RewardHeld():
            return account_transitions.apply_hold(account, line)
        case CodeIssued():
            return account_transitions.apply_code(account, line)
        case RewardDelivered():
            return account_transitions.apply_delivery(account, line)
        case _:
            assert_never(line)


def _charge_case(
    line: RewardGranted
    | RewardRevoked
    | RewardAdjusted
    | RewardExpired
    | BudgetAllotted
    | ChargeReviewRequested
    | RewardActionRequested,
    states: _States,
    catalog: Catalog,
    position: Position,
) -> ChargeCase:
    reward = charged_reward(line.program, line.id, line.beneficiary, position, line.occurred_at)
    return ChargeCase(reward, states, catalog)


def _with_value(
    account: Account | None, transition: Transition | None, step: ChargeStep | None, at: datetime
) -> Transition | None:
    """The transition; from now on the reward is worth what its budgets have paid."""
    after = transition.account if transition else account
    if after is None or step is None or step.value is None:
        return transition
    changed = account_transitions.set_value(after, step.value, at)
    return Transition(changed.account, transition.lines if transition else ()) if changed else transition


def _with_messages(decision: Decision[State], catalog: Catalog) -> Decision[State]:
    """Returns the decision with the messages about fulfilled rewards, and with reminders before they expire."""
    for line in fulfilled_lines(decision.outputs):
        decision.outputs += ready_message(line, catalog)
        account = decision.changes.get(state_keys.account(line.id))
        found = reminder_of(account, catalog, line.occurred_at) if isinstance(account, Account) else None
        if found is not None:
            key = state_keys.reminder(line.id)
            decision.changes |= {key: found[0], Timer(key): found[1]}
    return decision


def _account(reward: str, states: _States) -> Account | None:
    state = states[state_keys.account(reward)]
    return state if isinstance(state, Account) else None


def _account_decision(account: Account | None, transition: Transition | None) -> Decision[State]:
    return account_decision(account, transition.account, transition.lines) if transition else Decision()
