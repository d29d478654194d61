"""The number of rewards that conversions earn both sides under a program's rules.

The rules are those of `events.reward_rules.Reward`, by which reward-dispatcher grants; a replay needs only their number. A reward
for each conversion is valid as long as the conversion. A milestone (`once: true` is the milestone of one) belongs to the referrer,
is granted once per rule, and is valid while the referrer has as many conversions as it needed when it was reached. Caps and budgets
are not applied.
"""

from dataclasses import dataclass, field

from referral.events.attributions import ReferrerKind
from referral.events.entities import ProgramVersion


@dataclass(slots=True)
class Earnings:
    """The conversions of one referrer, each with its own rewards, and their milestones with the conversions that each needs."""

    conversions: dict[str, tuple[int, int]] = field(
        default_factory=dict
    )  # id → rewards of the referrer, of the referee
    milestones: dict[str, int] = field(default_factory=dict)

    def add_conversion(self, conversion: str, terms: ProgramVersion, kind: ReferrerKind) -> None:
        """Counts a conversion of a referrer of this kind. A conversion that is counted already changes nothing."""
        if conversion in self.conversions:
            return
        rules = terms.program.rewards_for(kind)
        each = [rule for rule in rules if rule.pays_each]
        of_referee = sum(rule.to == "referee" for rule in each)
        self.conversions[conversion] = len(each) - of_referee, of_referee
        for rule in rules:
            if (needs := rule.milestone) and needs <= len(self.conversions):
                self.milestones.setdefault(rule.id, needs)

    def remove_conversion(self, conversion: str) -> None:
        """Removes a conversion, and the milestones that need it."""
        self.conversions.pop(conversion, None)
        self.milestones = {rule: needs for rule, needs in self.milestones.items() if needs <= len(self.conversions)}

    @property
    def referrer_rewards(self) -> int:
        """The number of rewards of the referrer."""
        return len(self.milestones) + sum(of_referrer for of_referrer, _ in self.conversions.values())

    @property
    def referee_rewards(self) -> int:
        """The number of rewards of their referees."""
        return sum(of_referee for _, of_referee in self.conversions.values())
