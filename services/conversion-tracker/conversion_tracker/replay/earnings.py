"""What a referrer and their referees would have in the end, as far as conversions and milestones decide it.

reward-dispatcher decides what is granted, and when; a replay needs only its number. A reward for each conversion is valid as long
as the conversion. A milestone (`once: true` is the milestone of one) belongs to the referrer, is granted once per rule, and stays
while the referrer has as many conversions that meet its conditions as it needed when it was reached. Rewards of orders and streaks
are not counted; caps and budgets are not applied.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from referral.events.attributions import Evidence, ReferrerKind
from referral.events.entities import ProgramVersion
from referral.events.reward_conditions import Case, conditions_of, is_met


@dataclass(slots=True)
class Earnings:
    """The conversions of one referrer, each with its own rewards, and their milestones with the conversions that each needs.

    `matching` are the conversions that meet the conditions of a milestone, by rule; milestones without conditions count all.
    """

    conversions: dict[str, tuple[int, int]] = field(
        default_factory=dict
    )  # id → rewards of the referrer, of the referee
    milestones: dict[str, tuple[int, bool]] = field(
        default_factory=dict
    )  # by rule: what it needs, and if of `matching`
    matching: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add_conversion(self, conversion: str, terms: ProgramVersion, kind: ReferrerKind, evidence: Evidence) -> None:
        """Counts a conversion of a referrer of this kind. A conversion that is counted already changes nothing."""
        if conversion in self.conversions:
            return
        rules = [rule for rule in terms.program.rewards_for(kind) if is_met(rule, Case(evidence))]
        each = [rule for rule in rules if rule.pays_each]
        of_referee = sum(rule.to == "referee" for rule in each)
        self.conversions[conversion] = len(each) - of_referee, of_referee
        for rule in rules:
            if needs := rule.milestone:
                has_conditions = bool(conditions_of(rule))
                if has_conditions:
                    self.matching[rule.id].add(conversion)
                if needs <= self._count(rule.id, has_conditions):
                    self.milestones.setdefault(rule.id, (needs, has_conditions))

    def remove_conversion(self, conversion: str) -> None:
        """Removes a conversion, and the milestones that need it."""
        self.conversions.pop(conversion, None)
        for matching in self.matching.values():
            matching.discard(conversion)
        self.milestones = {
            rule: (needs, has_conditions)
            for rule, (needs, has_conditions) in self.milestones.items()
            if needs <= self._count(rule, has_conditions)
        }

    def _count(self, rule: str, has_conditions: bool) -> int:
        return len(self.matching[rule]) if has_conditions else len(self.conversions)

    @property
    def referrer_rewards(self) -> int:
        """The number of rewards of the referrer."""
        return len(self.milestones) + sum(of_referrer for of_referrer, _ in self.conversions.values())

    @property
    def referee_rewards(self) -> int:
        """The number of rewards of their referees."""
        return sum(of_referee for _, of_referee in self.conversions.values())
