"""The conditions of reward rules (`where`): one entry in CONDITIONS for each field of `reward_rules.Conditions`."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from referral.events.attributions import Evidence
from referral.events.reward_rules import Conditions, Reward


class Case(NamedTuple):
    """What conditions look at: the evidence of the referral, and whether an order is the person's first that qualifies."""

    evidence: Evidence
    is_first_order: bool = False


Condition = Callable[[Conditions, Case], bool]

CONDITIONS: Mapping[str, Condition] = {
    "channels": lambda where, case: case.evidence.channel in where.channels,
    "partners": lambda where, case: case.evidence.partner in where.partners,
    "content": lambda where, case: case.evidence.content in where.content,
    "first_order": lambda where, case: case.is_first_order,
}
"""By field: whether the condition holds, if it is given."""


def conditions_of(rule: Reward) -> tuple[Condition, ...]:
    """The conditions that a rule has; mostly none."""
    return tuple(condition for field, condition in CONDITIONS.items() if getattr(rule.where, field))


def is_met(rule: Reward, case: Case) -> bool:
    """Whether all conditions of a rule hold."""
    return all(condition(rule.where, case) for condition in conditions_of(rule))
