"""Sentences for the lines by which a reward is granted, stopped or adjusted."""

from typing import assert_never

from referral.events.money import Value, in_main_unit
from referral.events.rewards import RewardAdjusted, RewardGranted, RewardStopped


def describe_grant(line: RewardGranted | RewardStopped | RewardAdjusted, name: str) -> str:
    """One sentence; `name` is how the beneficiary is called."""
    match line:
        case RewardGranted():
            value = f", {_value_text(line.value)}" if line.value else ""
            reward = f"{line.rule} ({line.kind}{value})"
            return f"{name} was granted {reward} as {line.role}{_reason(line.trigger)}."
        case RewardStopped():
            cap = line.reason.partition(":")[2]
            limit = "in all" if cap == "all" else f"per {cap}"
            return (
                f"{name} was not granted {line.rule} ({line.kind}): the cap of rewarded referrals {limit} is reached."
            )
        case RewardAdjusted():
            return f"Part of the order was refunded: the reward is worth {_value_text(line.value)} now."
        case _:
            assert_never(line)


def _reason(trigger: str) -> str:
    """For what a reward is, if its trigger names more than a conversion."""
    if friends := milestone_count(trigger):
        return f" for {friends} {'friend' if friends == 1 else 'friends'}"
    kind, _, rest = trigger.partition(":")
    if kind == "order":
        return f" for order {rest.partition(':')[2]}"
    if kind == "streak":
        unit, number, first = rest.split(":")
        return f" for {number} {unit}s in a row from {first}"
    return ""


def _value_text(value: Value) -> str:
    """An amount in the main unit, or points: 9.90 CNY, 100 points."""
    return f"{in_main_unit(value)} {value.unit}"


def milestone_count(trigger: str) -> int | None:
    """How many friends a milestone reward is for; None for a reward for one conversion."""
    kind, _, number = trigger.partition(":")
    return int(number) if kind == "milestone" and number.isdecimal() else None
