"""The number of rewards that valid conversions earn both sides under a program's rules.

The rules are `events.reward_rules.Reward`'s, and reward-dispatcher grants by them; a replay needs their number only. A reward for
each conversion is valid with it. A milestone (`once: true` is the milestone of one) is the referrer's, is granted once per rule,
and is valid while as many conversions are valid as it needed when it was reached. Caps and budgets are not applied.
"""

from dataclasses import dataclass, field

from referral.events.attributions import ReferrerKind
from referral.events.entities import ProgramVersion


@dataclass(slots=True)
class Earnings:
    """One referrer's conversions that stand, each with what it pays by itself, and the milestones with what each needs."""

    conversions: dict[str, tuple[int, int]] = field(default_factory=dict)  # id → rewards of the referrer, of the friend
    milestones: dict[str, int] = field(default_factory=dict)

    def add_conversion(self, conversion: str, terms: ProgramVersion, kind: ReferrerKind) -> None:
        """A conversion of a referrer of this kind counts from now on. A conversion that counts already changes nothing."""
        if conversion in self.conversions:
            return
        rules = terms.program.rewards_for(kind)
        each = [rule for rule in rules if rule.pays_each]
        friends = sum(rule.to == "referee" for rule in each)
        self.conversions[conversion] = len(each) - friends, friends
        for rule in rules:
            if (needs := rule.milestone) and needs <= len(self.conversions):
                self.milestones.setdefault(rule.id, needs)

    def remove_conversion(self, conversion: str) -> None:
        """A conversion counts no more, and takes the milestones it held up with it."""
        self.conversions.pop(conversion, None)
        self.milestones = {rule: needs for rule, needs in self.milestones.items() if needs <= len(self.conversions)}

    @property
    def referrer_rewards(self) -> int:
        """How many rewards the referrer has."""
        return len(self.milestones) + sum(own for own, _ in self.conversions.values())

    @property
    def referee_rewards(self) -> int:
        """How many the friends have."""
        return sum(friends for _, friends in self.conversions.values())
