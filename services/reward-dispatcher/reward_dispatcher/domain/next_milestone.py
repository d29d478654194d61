"""How far a referrer is on the way to the next milestone of a program."""

from collections.abc import Iterable

from msgspec import Struct

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
    """Returns the progress to the nearest milestone above `friends`; None if every milestone is reached, or there is none."""
    ahead = [(rule.milestone, index, rule) for index, rule in enumerate(rules) if (rule.milestone or 0) > friends]
    if not ahead:
        return None
    needed, _, rule = min(ahead, key=lambda one: (one[0] or 0, one[1]))
    return MilestoneProgress(rule, friends, needed or 0)
