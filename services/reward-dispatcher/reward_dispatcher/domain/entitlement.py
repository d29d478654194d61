"""Which rewards a conversion earns, and which are revoked when it is reversed.

There are two kinds of reward rule (`reward_rules.Reward`): one pays each conversion, and its trigger is the conversion's id; a
milestone pays a referrer for a number of conversions (`once: true` is the milestone of one). A milestone counts a referrer's
conversions, so only the referrer can earn it; its reward is active exactly while that many conversions count.

A partner has terms of their own with the program and earns none of these rewards; the friends they refer earn theirs.
"""

from dataclasses import dataclass
from datetime import timedelta

from msgspec import Struct

from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.entities import ProgramVersion
from referral.events.ids import reward_id
from referral.events.reward_rules import Reward
from referral.events.rewards import RevocationReason, RewardGranted, RewardRevoked


class ActiveGrant(Struct, frozen=True, array_like=True):
    """A reward that is granted and not revoked."""

    reward: str
    beneficiary: str


class Milestone(Struct, frozen=True, array_like=True):
    """A milestone that is reached: its grant, and how many conversions it needs."""

    grant: ActiveGrant
    referrals: int


class ReferrerGrants(Struct, frozen=True, array_like=True, tag="referrer"):
    """How many of a referrer's conversions count, and the milestones that they reach, by rule."""

    conversions: int = 0
    milestones: dict[str, Milestone] = {}


class ConversionGrants(Struct, frozen=True, array_like=True, tag="converted"):
    """What a conversion that counts has earned by itself."""

    grants: tuple[ActiveGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The grants of the referrer and of the conversion from now on (None: it no longer counts), and the output lines."""

    referrer: ReferrerGrants
    conversion: ConversionGrants | None
    lines: list[RewardGranted | RewardRevoked]


def grant_rewards(line: ConversionCleared, terms: ProgramVersion, person: str, referrer: ReferrerGrants) -> Entitlement:
    """What a newly cleared conversion earns under `terms`; `person` is the referrer's id at the platform."""
    count = referrer.conversions + 1
    rules = terms.program.rewards_for(line.referrer_kind)
    own = [_grant(line, terms, rule, person, line.id) for rule in rules if rule.pays_each]
    reached = {
        rule.id: (needed, _grant(line, terms, rule, person, f"milestone:{needed}"))
        for rule in rules
        if (needed := rule.milestone) and needed <= count and rule.id not in referrer.milestones
    }
    milestones = {rule: Milestone(_active_grant(grant), needed) for rule, (needed, grant) in reached.items()}
    return Entitlement(
        referrer=ReferrerGrants(count, referrer.milestones | milestones),
        conversion=ConversionGrants(tuple(map(_active_grant, own))),
        lines=[*own, *(grant for _, grant in reached.values())],
    )


def revoke_rewards(line: ConversionReversed, conversion: ConversionGrants, referrer: ReferrerGrants) -> Entitlement:
    """What a reversal revokes: what the conversion earned by itself, and the milestones that are no longer reached."""
    count = referrer.conversions - 1
    reached = {rule: milestone for rule, milestone in referrer.milestones.items() if milestone.referrals <= count}
    lost = [milestone for rule, milestone in referrer.milestones.items() if rule not in reached]
    own = [_revoke(line, grant, line.reason) for grant in conversion.grants]
    milestones = [_revoke(line, milestone.grant, "milestone_lost") for milestone in lost]
    return Entitlement(ReferrerGrants(count, reached), None, [*own, *milestones])


def _active_grant(line: RewardGranted) -> ActiveGrant:
    return ActiveGrant(line.id, line.beneficiary)


def _grant(line: ConversionCleared, terms: ProgramVersion, rule: Reward, person: str, trigger: str) -> RewardGranted:
    """The grant. Days of use count from the end of the holding period, so every beneficiary has all of them."""
    beneficiary = line.person if rule.to == "referee" else person
    due_at = line.occurred_at + timedelta(days=terms.program.holding_days)
    return RewardGranted(
        occurred_at=line.occurred_at,
        program=line.program,
        id=reward_id(line.program, rule.id, beneficiary, trigger),
        beneficiary=beneficiary,
        rule=rule.id,
        kind=rule.kind,
        role=rule.to,
        version=terms.version,
        trigger=trigger,
        due_at=due_at,
        expires_at=due_at + timedelta(days=rule.expires_days) if rule.expires_days else None,
        pool=rule.pool,
        percent=rule.percent,
        worth=rule.worth,
        manual=rule.fulfilment == "manual",
    )


def _revoke(line: ConversionReversed, grant: ActiveGrant, reason: RevocationReason) -> RewardRevoked:
    return RewardRevoked(
        occurred_at=line.occurred_at,
        program=line.program,
        id=grant.reward,
        beneficiary=grant.beneficiary,
        reason=reason,
    )
