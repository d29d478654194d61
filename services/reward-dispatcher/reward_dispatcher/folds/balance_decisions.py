"""What requests to use rewards lead to, and the setting off of debt: decisions that concern several accounts of a person."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from referral.events.money import Value
from referral.events.redemptions import OffsetRequested, RedemptionChangeRequested, RedemptionRequested, RewardOffset
from referral.events.rewards import KeyedReward, RewardFulfilled
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, group_members
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import Offset, lots_of, set_off
from reward_dispatcher.domain.redemption import Redemption, redeem
from reward_dispatcher.domain.redemption_changes import change_redemption
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State, account_decision, add_decision, result_changes

States = Mapping[Key, State | float | None]
BalanceLine = RedemptionRequested | RedemptionChangeRequested | OffsetRequested | RewardFulfilled


def redemption_keys(line: RedemptionRequested) -> tuple[Key, ...]:
    """The reward, or the balances of its owner if it is credit, and the request's result."""
    target: Key = state_keys.balance(line.program, line.beneficiary) if line.unit else state_keys.account(line.id)
    alone = (state_keys.account(line.id),) if line.unit and not line.of_balance else ()
    return target, *alone, state_keys.result(line.request)


def change_keys(line: RedemptionChangeRequested) -> tuple[Key, ...]:
    """The redemption, what it took from, and the request's result."""
    accounts = (state_keys.account(reward) for reward in line.rewards)
    return *accounts, state_keys.result(line.redemption), state_keys.result(line.request)


def redemption_decision(line: RedemptionRequested, states: States) -> Decision[State]:
    """A request that already has its result changes nothing. Debt is set off first: what pays for it cannot be used."""
    if states[state_keys.result(line.request)] is not None:
        return Decision()
    before = _candidates(line, states)
    accounts, offsets = set_off(lots_of(before.values(), line.unit), to_ms(line.occurred_at)) if line.unit else ([], [])
    now = before | {account.id: account for account in accounts}
    lots = lots_of(now.values(), line.unit) if line.of_balance and line.unit else _alone(line, now)
    decided = redeem([lot for lot in lots if not line.of_balance or lot.kind == "credit"], line)
    after = {account.id: account for account in (*accounts, *decided.accounts)}
    decision = _decision(before, after.values(), (*_offset_lines(offsets, before, line.occurred_at), *decided.lines))
    decision.changes |= result_changes(decided.redemption)
    return decision


def change_decision(line: RedemptionChangeRequested, states: States) -> Decision[State]:
    """A request that already has its result changes nothing."""
    if states[state_keys.result(line.request)] is not None:
        return Decision()
    redemption = states[state_keys.result(line.redemption)]
    accounts = [account for reward in line.rewards if (account := _account(reward, states))]
    decided = change_redemption(redemption if isinstance(redemption, Redemption) else None, accounts, line)
    decision = _decision({account.id: account for account in accounts}, decided.accounts, decided.lines)
    decision.changes |= result_changes(decided.redemption) if decided.redemption else {}
    decision.changes |= result_changes(decided.result)
    return decision


def offset_decision(line: OffsetRequested | RewardFulfilled, states: States) -> Decision[State]:
    """Sets off debt and credit of a person, each unit by itself."""
    before = _members(line.program, line.beneficiary, states)
    units = dict.fromkeys(account.value.unit for account in before.values() if account.value is not None)
    decision: Decision[State] = Decision()
    for unit in units:
        accounts, offsets = set_off(lots_of(before.values(), unit), to_ms(line.occurred_at))
        add_decision(decision, _decision(before, accounts, _offset_lines(offsets, before, line.occurred_at)))
    return decision


def _candidates(line: RedemptionRequested, states: States) -> dict[str, Account]:
    accounts = _members(line.program, line.beneficiary, states) if line.unit else {}
    if not line.of_balance and (account := _account(line.id, states)):
        accounts[account.id] = account
    return accounts


def _alone(line: RedemptionRequested, accounts: Mapping[str, Account]) -> Sequence[Account]:
    return [accounts[line.id]] if line.id in accounts else []


def _members(program: str, beneficiary: str, states: States) -> dict[str, Account]:
    members = group_members(states, state_keys.balance(program, beneficiary))
    return {account.id: account for account in members.values() if isinstance(account, Account)}


def _account(reward: str, states: States) -> Account | None:
    state = states[state_keys.account(reward)]
    return state if isinstance(state, Account) else None


def _decision(before: Mapping[str, Account], after: Iterable[Account], lines: Sequence[KeyedReward]) -> Decision[State]:
    """The changes of all accounts, and the lines; each line goes with the account that it is about, for what follows from it."""
    changed = list(after)
    decision: Decision[State] = account_decision(None, None, [one for one in lines if not _is_about(one, changed)])
    for account in changed:
        own = [one for one in lines if _is_about(one, [account])]
        add_decision(decision, account_decision(before[account.id], account, own))
    return decision


def _is_about(line: KeyedReward, accounts: Sequence[Account]) -> bool:
    return any(getattr(line, "id", None) == account.id for account in accounts)


def _offset_lines(offsets: Sequence[Offset], accounts: Mapping[str, Account], at: datetime) -> list[RewardOffset]:
    return [_offset_line(accounts[offset.lot], offset, at) for offset in offsets]


def _offset_line(lot: Account, offset: Offset, at: datetime) -> RewardOffset:
    return RewardOffset(
        occurred_at=at,
        program=lot.program,
        id=lot.id,
        beneficiary=lot.beneficiary,
        debtor=offset.debtor,
        value=Value(abs(offset.amount), lot.value.unit if lot.value else ""),
        given_back=offset.amount < 0,
    )
