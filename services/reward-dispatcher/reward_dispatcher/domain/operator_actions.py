"""What an operator decides about a reward: approve, fulfil, hold, release, revoke, restore. `life_cycle` has what is legal when."""

from datetime import datetime
from typing import Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.events.rewards import (
    LifeState,
    RewardAction,
    RewardActionRefused,
    RewardActionRequested,
    RewardHeld,
    RewardReleased,
    RewardRestored,
    RewardRevoked,
)
from referral.events.timestamps import to_ms
from reward_dispatcher.domain.account import Account, Step
from reward_dispatcher.domain.account_transitions import (
    CodeGenerator,
    Transition,
    end_holding_period,
    fulfil,
    header,
    revoke,
    wait_for_budget,
)
from reward_dispatcher.domain.balance import settle
from reward_dispatcher.domain.life_cycle import is_legal, life_state


class ActionResult(Struct, frozen=True, array_like=True, tag="action"):
    """The result of a request. `state` is that of the reward at the time of a refusal; None if the reward was unknown."""

    request: str
    reward: str
    action: RewardAction
    outcome: Literal["done", "illegal", "unknown"]
    state: LifeState | None
    decided_ms: int


def decide_action(
    account: Account | None, line: RewardActionRequested, generate_code: CodeGenerator
) -> tuple[Transition | None, ActionResult]:
    """Returns the transition (None: refused), and the result to store. For a reward of a file the caller checks the file."""
    at_ms, state = to_ms(line.occurred_at), life_state(account) if account else None
    if account is None or state is None:
        return None, ActionResult(line.request, line.id, line.action, "unknown", None, at_ms)
    if not is_legal(state, line.action):
        return None, ActionResult(line.request, line.id, line.action, "illegal", state, at_ms)
    return _apply(account, line, generate_code), ActionResult(line.request, line.id, line.action, "done", state, at_ms)


def refusal_of(line: RewardActionRequested, result: ActionResult) -> RewardActionRefused:
    """Returns the line about a request that was refused."""
    return RewardActionRefused(
        occurred_at=line.occurred_at,
        program=line.program,
        id=line.id,
        beneficiary=line.beneficiary,
        request=line.request,
        action=line.action,
        state=result.state,
    )


def decision_step(line: RewardActionRequested) -> Step:
    """Returns the step of the history that the request leads to, but for its state."""
    at_ms = to_ms(line.occurred_at)
    return Step("approved", at_ms, None, None, line.action, line.by, line.note, line.api_key)


def _apply(account: Account, line: RewardActionRequested, generate_code: CodeGenerator) -> Transition:
    at = line.occurred_at
    match line.action:
        case "approve":
            return end_holding_period(account, at, generate_code)
        case "fulfil":
            return fulfil(account, at, generate_code)
        case "hold":
            held = replace(account, status="held", hold_reason="operator", on_hold=True, changed_ms=to_ms(at))
            return Transition(held, (RewardHeld(**header(account, at), reason="operator"),))
        case "release":
            resumed = _resume(replace(account, on_hold=False), at, generate_code)
            return Transition(resumed.account, (RewardReleased(**header(account, at)), *resumed.lines))
        case "revoke":
            return _revoke(account, at)
        case "restore":
            return _restore(account, at, generate_code)
        case _:
            assert_never(line.action)


def _revoke(account: Account, at: datetime) -> Transition:
    revoked = revoke(account, at, "operator")
    if revoked is None:
        raise ValueError(f"{account.id} cannot be revoked in the state {life_state(account)}")
    if revoked.account.clawback:
        return revoked
    return Transition(revoked.account, (*revoked.lines, RewardRevoked(**header(account, at), reason="operator")))


def _restore(account: Account, at: datetime, generate_code: CodeGenerator) -> Transition:
    restored = replace(account, revocation_reason=None, clawback=False, changed_ms=to_ms(at))
    line = RewardRestored(**header(account, at))
    if account.clawback and account.budget is not None:
        waiting = wait_for_budget(replace(restored, order=None, request=None, redeemed_ms=None), at)
        return Transition(waiting.account, (line, *waiting.lines))
    if account.clawback:
        return Transition(settle(restored, to_ms(at)), (line,))
    if account.on_hold:
        return Transition(replace(restored, status="held", hold_reason="operator"), (line,))
    resumed = _resume(restored, at, generate_code)
    return Transition(resumed.account, (line, *resumed.lines))


def _resume(account: Account, at: datetime, generate_code: CodeGenerator) -> Transition:
    """The reward where its life would be now: fulfilled again (or used up) if it was, otherwise in or after its holding period."""
    now = replace(account, changed_ms=to_ms(at))
    if account.budget is not None:
        return wait_for_budget(now, at)
    if account.fulfilled_ms is not None:
        status: Literal["fulfilled", "delivered"] = "delivered" if account.delivered_ms is not None else "fulfilled"
        return Transition(settle(replace(now, status=status, hold_reason=None), to_ms(at)))
    if to_ms(at) < account.due_ms:
        held = replace(now, status="held", hold_reason="holding_period")
        return Transition(held, (RewardHeld(**header(account, at), reason="holding_period"),))
    return end_holding_period(now, at, generate_code)
