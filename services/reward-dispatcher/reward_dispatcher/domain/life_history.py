"""The history of a reward: every step with when, by whom and why.

A plain life (granted, held until due, fulfilled, delivered, used) follows from the times in the account, and is not stored.
The first other step stores those that led to it, and from then on all of them are stored.
"""

from msgspec.structs import replace

from referral.events.rewards import LifeState
from reward_dispatcher.domain.account import Account, Step
from reward_dispatcher.domain.life_cycle import life_state

MAX_STEPS = 100  # of a reward; of more, the first and the newest are kept
_PLAIN: tuple[LifeState, ...] = ("holding_period", "approved", "fulfilled", "delivered", "redeemed")  # in this order


def history(account: Account) -> tuple[Step, ...]:
    """Returns the steps of a reward, the earliest first."""
    return account.steps or _plain_steps(account)


def record_step(before: Account | None, after: Account, decision: Step | None = None) -> Account:
    """Returns the account with the step from `before` in its history, unless it follows from its times.

    `decision` is the operator's: action, name, note and key are taken from it.
    """
    state = life_state(after)
    is_same = before is not None and life_state(before) == state and before.changed_ms == after.changed_ms
    if decision is None and (is_same or (not after.steps and _is_plain(before, after))):
        return after
    earlier = (before and history(before)) or (Step("granted", after.granted_ms),)
    step = Step(state, after.changed_ms, after.revocation_reason, after.order if state == "redeemed" else None)
    if decision is not None:
        step = replace(decision, state=state, reason=step.reason)
    return replace(after, steps=_bounded((*earlier, step)))


def _is_plain(before: Account | None, after: Account) -> bool:
    """Whether the step only leads forward in a plain life."""
    state = life_state(after)
    if before is None or state not in _PLAIN:
        return state in _PLAIN
    earlier = life_state(before)
    return earlier in _PLAIN and _PLAIN.index(earlier) <= _PLAIN.index(state) and before.granted_ms == after.granted_ms


def _bounded(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return steps if len(steps) <= MAX_STEPS else (steps[0], *steps[1 - MAX_STEPS :])


def _plain_steps(account: Account) -> tuple[Step, ...]:
    state = life_state(account)
    steps = [Step("granted", account.granted_ms)]
    if account.due_ms > account.granted_ms:
        steps.append(Step("holding_period", account.granted_ms))
    if state == "approved":
        steps.append(Step("approved", account.changed_ms))
    if account.fulfilled_ms is not None:
        steps.append(Step("fulfilled", account.fulfilled_ms))
    if account.delivered_ms is not None:
        steps.append(Step("delivered", account.delivered_ms))
    if account.redeemed_ms is not None:
        steps.append(Step("redeemed", account.redeemed_ms, order=account.order))
    return tuple(steps)
