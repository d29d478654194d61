"""What the ledger measures of a transition: the step that a reward takes, its amount, and how long it took since the grant."""

from collections.abc import Collection, Iterator
from typing import Literal, assert_never

from referral.fold.fold import Measurement
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import capacity, is_divisible, left, used

RewardStep = Literal[
    "granted", "held", "fulfilled", "delivered", "redeemed", "revoked", "clawed_back", "expired", "restored"
]
AmountStep = RewardStep | Literal["returned", "raised", "lowered"]
_TIMED: frozenset[RewardStep] = frozenset({"fulfilled", "delivered", "redeemed"})
_WAITED: frozenset[RewardStep] = frozenset({"fulfilled", "delivered"})


def measure_transition(before: Account | None, after: Account) -> tuple[Measurement, ...]:
    """Returns the measurements of a transition; none if it is no step, such as a code that arrives for a revoked reward."""
    measurements: list[Measurement] = []
    steps = tuple(_steps(before, after))
    for step in steps:
        measurements.append(Measurement("rewards", (step, after.kind)))
        if step in _TIMED:
            seconds = max(0, after.changed_ms - after.granted_ms) / 1000
            measurements.append(Measurement("reward_seconds", (step, after.kind), seconds))
        if step in _WAITED:
            waited = max(0, after.changed_ms - after.due_ms) / 1000
            measurements.append(Measurement("reward_wait_seconds", (step,), waited))
    if after.value is not None:
        unit = after.value.unit
        measurements += [
            Measurement("reward_amount", (step, unit), float(amount)) for step, amount in _amounts(before, after, steps)
        ]
    return tuple(measurements)


def _amounts(before: Account | None, after: Account, steps: Collection[RewardStep]) -> Iterator[tuple[AmountStep, int]]:
    """The amounts that moved. A part that was used, or came back after a refund, is one also if it is no step of the reward; so is
    the difference if it is worth more or less from now on, since its order is.
    """
    if not is_divisible(after):
        return
    moved = used(after) - (used(before) if before else 0)
    if moved:
        yield ("redeemed" if moved > 0 else "returned"), abs(moved)
    if gained := _gained(before, after, steps):
        yield ("raised" if gained > 0 else "lowered"), abs(gained)
    for step in steps:
        if step == "clawed_back":
            yield step, used(after)
        elif step == "expired":
            yield step, left(after)
        elif step != "redeemed":
            yield step, capacity(after)


def _gained(before: Account | None, after: Account, steps: Collection[RewardStep]) -> int:
    """How much more the reward is worth, or (negative) less; a restored one counts as a whole."""
    if before is None or before.value is None or "restored" in steps:
        return 0
    return capacity(after) - capacity(before)


def _steps(before: Account | None, after: Account) -> Iterator[RewardStep]:
    if before is None:
        yield "granted"
    elif _is_taken_back(before) and not _is_taken_back(after):
        yield "restored"
    if after.clawback and not (before and before.clawback):
        yield "clawed_back"
    if before is None or (before.status, before.hold_reason) != (after.status, after.hold_reason):
        yield from _status_step(after)


def _status_step(account: Account) -> Iterator[RewardStep]:
    match account.status:
        case "held":
            if account.hold_reason != "holding_period":
                yield "held"
        case "approved":
            pass
        case "fulfilled" | "delivered" | "redeemed" | "revoked" | "expired":
            yield account.status
        case _:
            assert_never(account.status)


def _is_taken_back(account: Account) -> bool:
    return account.clawback or account.status == "revoked"
