"""What both sides have in the end: the rewards whose reason is still valid, and those that were used before."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args
from zoneinfo import ZoneInfo

from referral.events.ids import conversion_id, referral_id, reward_id
from referral.events.program import Program
from referral.events.reward_rules import Conditions, Reward
from referral.events.section import Period
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.expected_boards import periods
from referral_tools.oracle.journal import Enrolled, PersonIdOf, RedemptionAnswer


@dataclass(frozen=True, slots=True)
class OwedReward:
    """A reward that is owed: by which rule, and to which person (external id)."""

    id: str
    rule: str
    beneficiary: str


@dataclass(frozen=True, slots=True)
class _Friend:
    """A referee: their person id, and the platform's id."""

    id: str
    external_id: str


def owed_rewards(
    referrals: Iterable[ExpectedReferral], program: Program, person_id: PersonIdOf
) -> dict[str, OwedReward]:
    """Every reward whose reason is still valid, by id. One version of the rules holds throughout.

    Raises NotComputable for rules that depend on the order of the log, or on orders.
    """
    referrals = list(referrals)
    _require_computable(program, referrals)
    friends: dict[Enrolled, list[_Friend]] = defaultdict(list)
    for referral in referrals:
        if referral.referrer and referral.qualified_at:
            friends[referral.referrer].append(_Friend(person_id(referral.person), referral.person))
    rewards = [
        reward
        for referrer, people in friends.items()
        for rule in program.rewards
        for reward in _of_rule(rule, referrer, people, program.id)
    ]
    return {reward.id: reward for reward in rewards}


class NotComputable(ValueError):
    """What the program owes does not follow from the referrals that stand; the message names the rule."""


def _require_computable(program: Program, referrals: Iterable[ExpectedReferral]) -> None:
    """Refuses rules that the oracle does not compute, and a cap that stops a referral: which one, the order of the log decides."""
    for rule in program.rewards:
        if rule.on not in ("conversion.cleared", "milestone") or rule.tiers or rule.where != Conditions():
            raise NotComputable(
                f"the oracle does not compute the rule {rule.id}: it has orders, streaks, tiers or conditions"
            )
    zone, counts = ZoneInfo(program.timezone), Counter[tuple[str, str, str]]()
    for referral in referrals:
        if referral.referrer and referral.qualified_at:
            names = zip(get_args(Period), periods(referral.qualified_at, zone), strict=True)
            counts.update((referral.referrer.id, period, name) for period, name in names)
    for (referrer, period, name), count in counts.items():
        if count > program.caps.per_referrer.get(period, count):  # type: ignore[call-overload] # a period
            raise NotComputable(f"{referrer} has {count} referrals in {name}, beyond the cap of the {period}")


def used_rewards(answers: Iterable[RedemptionAnswer]) -> dict[OwedReward, set[str]]:
    """Which orders each reward was used for. More than one is one too many."""
    orders: dict[OwedReward, set[str]] = defaultdict(set)
    for answer in answers:
        if answer.used:
            orders[OwedReward(answer.reward, answer.rule, answer.beneficiary)].add(answer.order)
    return dict(orders)


def _of_rule(rule: Reward, referrer: Enrolled, people: list[_Friend], program: str) -> list[OwedReward]:
    """A milestone is the referrer's and needs so many friends (`once`: one); any other rule pays for each friend."""
    needed = rule.referrals if rule.on == "milestone" else (1 if rule.once else None)
    if needed is not None and rule.to == "referrer":
        reached = len(people) >= needed
        return [_owed_by_rule(program, rule.id, referrer, f"milestone:{needed}")] if reached else []
    conversions = [(friend, conversion_id(referral_id(program, friend.id, referrer.id))) for friend in people]
    return [
        _owed_by_rule(program, rule.id, friend if rule.to == "referee" else referrer, conversion)
        for friend, conversion in conversions
    ]


def _owed_by_rule(program: str, rule: str, beneficiary: "Enrolled | _Friend", trigger: str) -> OwedReward:
    return OwedReward(reward_id(program, rule, beneficiary.id, trigger), rule, beneficiary.external_id)
