"""What both sides have in the end: the rewards whose reason is still valid, and those that were used before."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from referral.events.ids import conversion_id, referral_id, reward_id
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.journal import Enrolled, RedemptionAnswer


@dataclass(frozen=True, slots=True)
class OwedReward:
    """A reward that is owed: by which rule, and to which person (external id)."""

    id: str
    rule: str
    beneficiary: str


def owed_rewards(referrals: Iterable[ExpectedReferral], program: Program) -> dict[str, OwedReward]:
    """Every reward whose reason is still valid, by id. One version of the rules holds throughout."""
    friends: dict[Enrolled, list[str]] = defaultdict(list)
    for referral in referrals:
        if referral.referrer and referral.qualified_at:
            friends[referral.referrer].append(referral.person)
    rewards = [
        reward
        for referrer, people in friends.items()
        for rule in program.rewards
        for reward in _of_rule(rule, referrer, people, program.id)
    ]
    return {reward.id: reward for reward in rewards}


def used_rewards(answers: Iterable[RedemptionAnswer]) -> dict[OwedReward, set[str]]:
    """Which orders each reward was used for. More than one is one too many."""
    orders: dict[OwedReward, set[str]] = defaultdict(set)
    for answer in answers:
        if answer.used:
            orders[OwedReward(answer.reward, answer.rule, answer.beneficiary)].add(answer.order)
    return dict(orders)


def _of_rule(rule: Reward, referrer: Enrolled, people: list[str], program: str) -> list[OwedReward]:
    """A milestone is the referrer's and needs so many friends (`once`: one); any other rule pays for each friend."""
    needed = rule.referrals if rule.on == "milestone" else (1 if rule.once else None)
    if needed is not None and rule.to == "referrer":
        reached = len(people) >= needed
        return [_owed_by_rule(program, rule.id, referrer.external_id, f"milestone:{needed}")] if reached else []
    conversions = [(person, conversion_id(referral_id(program, person, referrer.id))) for person in people]
    return [
        _owed_by_rule(program, rule.id, person if rule.to == "referee" else referrer.external_id, conversion)
        for person, conversion in conversions
    ]


def _owed_by_rule(program: str, rule: str, beneficiary: str, trigger: str) -> OwedReward:
    return OwedReward(reward_id(program, rule, beneficiary, trigger), rule, beneficiary)
