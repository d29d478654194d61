"""What conversions that stand earn both sides under a program's rules: how many rewards, not which.

The rules are `events.program.Reward`'s, and reward-dispatcher grants by them; a replay needs their number only. Those that pay each
conversion stand with it; a milestone (`once: true` is the milestone of one) is the referrer's, is promised once a rule, and stands
while as many conversions stand as it needed when it was reached. Caps and budgets are not applied here, as they are not there.
"""

from dataclasses import dataclass, field

from referral.events.entities import ProgramVersion
from referral.events.program import Reward


@dataclass(slots=True)
class Earnings:
    """One referrer's conversions that stand, each with what it pays by itself, and the milestones with what each needs."""

    conversions: dict[str, tuple[int, int]] = field(default_factory=dict)  # id → rewards of the referrer, of the friend
    milestones: dict[str, int] = field(default_factory=dict)

    def cleared(self, conversion: str, terms: ProgramVersion) -> None:
        """A conversion counts from now on. One that does already is no news."""
        if conversion in self.conversions:
            return
        each = [rule for rule in terms.program.rewards if _pays_each(rule)]
        friends = sum(rule.to == "referee" for rule in each)
        self.conversions[conversion] = len(each) - friends, friends
        for rule in terms.program.rewards:
            needs = _milestone(rule)
            if needs is not None and needs <= len(self.conversions):
                self.milestones.setdefault(rule.id, needs)

    def fell(self, conversion: str) -> None:
        """A conversion counts no more, and takes the milestones it held up with it."""
        self.conversions.pop(conversion, None)
        self.milestones = {rule: needs for rule, needs in self.milestones.items() if needs <= len(self.conversions)}

    @property
    def own(self) -> int:
        """How many rewards the referrer has."""
        return len(self.milestones) + sum(own for own, _ in self.conversions.values())

    @property
    def friends(self) -> int:
        """How many the friends have."""
        return sum(friends for _, friends in self.conversions.values())


def _milestone(rule: Reward) -> int | None:
    """How many standing conversions a referrer's rule needs; None where it is no milestone."""
    if rule.to == "referee":
        return None
    return rule.referrals if rule.on == "milestone" else (1 if rule.once else None)


def _pays_each(rule: Reward) -> bool:
    """A friend has one conversion, so `once` changes nothing for them."""
    return rule.on == "conversion.cleared" and _milestone(rule) is None
