"""How far a referrer is on the way to the next milestone of a program."""

from collections.abc import Iterable

from msgspec import Struct

from referral.events.reward_conditions import conditions_of
from referral.events.reward_rules import Reward


class MilestoneProgress(Struct, frozen=True):
    """`friends` of `needed` friends who count have been brought for the reward of `rule`; `missing` more are needed."""

    rule: Reward
    friends: int
    needed: int

    @property
    def missing(self) -> int:
        """How many friends are still needed; at least 1."""
        return self.needed - self.friends


def next_milestone(rules: Iterable[Reward], friends: int) -> MilestoneProgress | None:
    """Returns the progress to the nearest milestone above `friends`; None if every milestone is reached, or there is none.

    A milestone with conditions is left out: it counts some of the friends only, and `friends` are all who count.
    """
    ahead = [
        (rule.milestone, index, rule)
        for index, rule in enumerate(rules)
        if rule.milestone is not None and rule.milestone > friends and not conditions_of(rule)
    ]
    if not ahead:
        return None
    needed, _, rule = min(ahead, key=lambda one: one[:2])
    return MilestoneProgress(rule, friends, needed)
