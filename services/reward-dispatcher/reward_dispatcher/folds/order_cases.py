"""Orders that were paid with the code of a reward: the order in the buyer's partition, and the search for its code through all."""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from msgspec.structs import replace

from referral.events.order_codes import (
    OrderCodeRefusal,
    OrderCodeRefused,
    OrderCodeSought,
    OrderCodeTaken,
    OrderReported,
)
from referral.events.redemptions import RedemptionChangeRequested, RedemptionRequested
from referral.events.rewards import reward_key
from referral.events.timestamps import DAY_MS, to_ms
from referral.fold.fold import Decision, Key, Measurement, Output, Position, Timer
from referral.topics import REWARDS
from reward_dispatcher.domain.account import Account, Use
from reward_dispatcher.domain.balance import is_divisible
from reward_dispatcher.domain.order_uses import (
    CodedOrder,
    answer,
    changes_of_use,
    exceeds_refunds,
    is_new_search,
    report,
    search_of,
)
from reward_dispatcher.domain.redemption import Redemption, Taking
from reward_dispatcher.domain.redemption_changes import change_redemption
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.balance_decisions import redemption_decision
from reward_dispatcher.folds.state_changes import State, account_decision, add_decision, result_changes
from reward_dispatcher.folds.state_keys import CodeHolder
from reward_dispatcher.sealed_codes import CodeSealer

States = Mapping[Key, State | float | None]
OrderCodeLine = OrderReported | OrderCodeSought | OrderCodeTaken | OrderCodeRefused

ORDER_TTL_MS = 60 * DAY_MS
"""For how long an order is kept whose code was not taken: longer than events are late (REFERRAL_LATENESS_DAYS, 35 by default)."""


def order_keys(line: OrderCodeLine, codes: CodeSealer) -> Sequence[Key]:
    """The order; of a search the holders of the code, and once the reward is found, the reward and its redemption."""
    match line:
        case OrderReported():
            return _order_key(line), *_holder_keys(line, codes)
        case OrderCodeSought(reward=str(reward)):
            return state_keys.account(reward), state_keys.result(line.request)
        case OrderCodeSought():
            return _holder_keys(line, codes)
        case OrderCodeTaken() | OrderCodeRefused():
            return (_order_key(line),)
        case _:
            assert_never(line)


def report_decision(line: OrderReported, states: States, position: Position, codes: CodeSealer) -> Decision[State]:
    """Records the report. A payment with a code begins the search here; other changes apply to a code that was taken."""
    before = _order(line, states)
    after = report(before, line)
    if after is before:
        left_out = exceeds_refunds(after, line)
        return Decision({}, [], (Measurement("order_codes", ("refund_left_out",)),) if left_out else ())
    decision = _order_decision(after, changes_of_use(before, after, line) if before else ())
    if is_new_search(before, after):
        search = search_of(after, line, position.partition)
        decision.outputs.append(_next_step(search, states, position, codes))
    return decision


def search_decision(line: OrderCodeSought, states: States, position: Position, codes: CodeSealer) -> Decision[State]:
    """Goes on to the next partition, or uses the reward that was found. Back at the first partition, no program has the code."""
    if line.reward is not None:
        return _redemption_for_order(line, states)
    if position.partition == line.origin:
        reason: OrderCodeRefusal = "wrong_program" if line.other_program else "unknown"
        return _answered(line, _refused(line, reason))
    return Decision({}, [_next_step(line, states, position, codes)])


def answer_decision(line: OrderCodeTaken | OrderCodeRefused, states: States) -> Decision[State]:
    """Records what came of the search, and applies what was reported about the order in the meantime."""
    before = _order(line, states)
    if before is None or before.outcome != "sought":
        return Decision()
    after = answer(before, line)
    return _order_decision(after, changes_of_use(before, after, line) if isinstance(line, OrderCodeTaken) else ())


def _order_decision(order: CodedOrder, requests: Iterable[RedemptionChangeRequested]) -> Decision[State]:
    key = state_keys.order(order.program, order.person, order.order)
    timer = None if order.outcome == "taken" else float(order.since_ms + ORDER_TTL_MS)
    outputs = [Output(REWARDS, one, reward_key(one)) for one in requests]
    buyer = state_keys.buyer_entry(order.program, order.order, order.person)
    return Decision({key: order, buyer: 0.0, Timer(key): timer}, outputs)


def forget_order(key: str, order: CodedOrder) -> Decision[State]:
    """Removes an order whose code was not taken in time."""
    return Decision({key: None, state_keys.buyer_entry(order.program, order.order, order.person): None})


def _next_step(line: OrderCodeSought, states: States, position: Position, codes: CodeSealer) -> Output:
    """The search in this partition again if it has the code, now with the reward; otherwise in the next one."""
    code = codes.open_for_order(line.program, line.order, line.sealed_code)
    if (holder := _holder(line.program, code, states)) is not None:
        return Output(REWARDS, replace(line, reward=holder.reward), partition=position.partition)
    others = (program for program in line.programs if _holder(program, code, states) is not None)
    seen = replace(line, other_program=line.other_program or next(others, None))
    return Output(REWARDS, seen, partition=position.partition + 1)


def _redemption_for_order(line: OrderCodeSought, states: States) -> Decision[State]:
    """Uses the reward, unless the shop has used or held it for this order already by a request of its own."""
    account = states[state_keys.account(line.reward or "")]
    if not isinstance(account, Account):
        return _answered(line, _refused(line, "unknown"))
    use = _use_for(account, line)
    if use is not None and use.until_ms is None:
        return _answered(line, _taken(account, line, use.request))
    if is_divisible(account) and account.value is not None and account.value.unit != line.unit:
        return _answered(line, _refused(line, "wrong_currency", account.id))
    if line.used == 0 and is_divisible(account):
        return _answered(line, _refused(line, "insufficient", account.id))
    if use is not None:
        return _capture_for_order(account, use, line)
    decision = redemption_decision(_redemption_request(account, line), states)
    result = decision.changes.get(state_keys.result(line.request)) or states[state_keys.result(line.request)]
    if not isinstance(result, Redemption):
        raise TypeError(f"the ledger gave no result for {line.request}")
    if result.outcome == "redeemed" or result.outcome == "held":  # noqa: PLR1714 - mypy narrows by it
        answered = _answered(line, _taken(account, line, result.request))
    else:
        answered = _answered(line, _refused(line, result.outcome, account.id, result.used_for))
    decision.outputs += answered.outputs
    decision.measurements = (*decision.measurements, *answered.measurements)
    return decision


def _capture_for_order(account: Account, use: Use, line: OrderCodeSought) -> Decision[State]:
    """Uses what is held for the order, at once: a hold that ends, or an operator who holds the reward, comes before or after it.

    A reward with a code is held by itself, so its use has all that the redemption has.
    """
    taking = Taking(account.id, use.amount)
    unit = account.value.unit if account.value is not None and is_divisible(account) else None
    held = Redemption(
        use.request,
        account.id,
        line.order,
        "held",
        line.order,
        use.at_ms,
        account.program,
        account.beneficiary,
        (taking,),
        unit,
        use.until_ms,
    )
    decided = change_redemption(held, [account], _capture(account, use, line))
    if decided.result.outcome != "done":
        return _answered(line, _refused(line, decided.result.outcome, account.id))
    decision = account_decision(account, decided.accounts[0], decided.lines)
    decision.changes |= result_changes(decided.redemption or held)
    add_decision(decision, _answered(line, _taken(account, line, use.request)))
    return decision


def _redemption_request(account: Account, line: OrderCodeSought) -> RedemptionRequested:
    return RedemptionRequested(
        occurred_at=line.occurred_at,
        program=line.program,
        id=account.id,
        beneficiary=account.beneficiary,
        order=line.order,
        request=line.request,
        amount=line.used if is_divisible(account) else None,
    )


def _use_for(account: Account, line: OrderCodeSought) -> Use | None:
    """The use or hold of the reward for this order that has not ended."""
    now_ms = to_ms(line.occurred_at)
    uses = (use for use in account.uses if use.order == line.order and use.returned < use.amount)
    return next((use for use in uses if use.until_ms is None or use.until_ms > now_ms), None)


def _capture(account: Account, use: Use, line: OrderCodeSought) -> RedemptionChangeRequested:
    amount = min(line.used, use.amount) if line.used is not None and is_divisible(account) else None
    return RedemptionChangeRequested(
        occurred_at=line.occurred_at,
        program=account.program,
        id=account.id,
        beneficiary=account.beneficiary,
        request=line.request,
        redemption=use.request,
        change="capture",
        rewards=(account.id,),
        amount=amount,
    )


def _taken(account: Account, line: OrderCodeSought, request: str) -> OrderCodeTaken:
    return OrderCodeTaken(
        occurred_at=line.occurred_at,
        program=line.program,
        person=line.person,
        order=line.order,
        id=account.id,
        beneficiary=account.beneficiary,
        request=request,
    )


def _refused(
    line: OrderCodeSought, reason: OrderCodeRefusal, reward: str | None = None, used_for: str | None = None
) -> OrderCodeRefused:
    return OrderCodeRefused(
        occurred_at=line.occurred_at,
        program=line.program,
        person=line.person,
        order=line.order,
        request=line.request,
        reason=reason,
        id=reward,
        used_for=used_for,
        other_program=line.other_program if reason == "wrong_program" else None,
    )


def _answered(line: OrderCodeSought, answered: OrderCodeTaken | OrderCodeRefused) -> Decision[State]:
    """The answer to the buyer's partition, counted."""
    outcome = "taken" if isinstance(answered, OrderCodeTaken) else answered.reason
    return Decision({}, [Output(REWARDS, answered, reward_key(answered))], (Measurement("order_codes", (outcome,)),))


def _holder_keys(line: OrderReported | OrderCodeSought, codes: CodeSealer) -> Sequence[Key]:
    """Who has the code, in the program and in others."""
    if line.sealed_code is None:
        return ()
    code = codes.open_for_order(line.program, line.order, line.sealed_code)
    names = (name for program in (line.program, *line.programs) for name in _holder_names(program, code))
    return tuple(dict.fromkeys(names))


def _holder(program: str, code: str, states: States) -> CodeHolder | None:
    found = (states[name] for name in _holder_names(program, code))
    return next((state for state in found if isinstance(state, CodeHolder)), None)


def _holder_names(program: str, code: str) -> tuple[str, str]:
    return state_keys.code_holder(program, code), state_keys.former_code_holder(program, code)


def _order_key(line: OrderReported | OrderCodeTaken | OrderCodeRefused) -> str:
    return state_keys.order(line.program, line.person, line.order)


def _order(line: OrderReported | OrderCodeTaken | OrderCodeRefused, states: States) -> CodedOrder | None:
    state = states[_order_key(line)]
    return state if isinstance(state, CodedOrder) else None
