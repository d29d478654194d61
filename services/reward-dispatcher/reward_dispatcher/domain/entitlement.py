"""Who is owed what for a conversion, and what is taken back when it falls.

Two kinds of rule (`events.program.Reward`): those that pay each conversion, whose trigger is the conversion's id, and
those that pay a referrer for a number of standing conversions (`on: milestone`; `once: true` is the milestone of one).
A milestone counts a referrer's friends, so it is the referrer's; it stands exactly while that many conversions stand.

A partner has terms of their own with the program, so no reward of it is theirs; the friends they bring have theirs.
"""

from dataclasses import dataclass
from datetime import timedelta

from msgspec import Struct

from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.entities import ProgramVersion
from referral.events.ids import reward_id
from referral.events.program import Reward
from referral.events.rewards import RevocationReason, RewardGranted, RewardRevoked


class ActiveGrant(Struct, frozen=True, array_like=True):
    """A reward that stands: its id and whose it is."""

    reward: str
    beneficiary: str


class Milestone(Struct, frozen=True, array_like=True):
    """A milestone that stands, and how many conversions it needs."""

    grant: ActiveGrant
    referrals: int


class ReferrerGrants(Struct, frozen=True, array_like=True, tag="referrer"):
    """How many of a referrer's conversions stand, and the milestones they hold up, by rule."""

    conversions: int = 0
    milestones: dict[str, Milestone] = {}


class ConversionGrants(Struct, frozen=True, array_like=True, tag="converted"):
    """A conversion that stands, and what it pays by itself."""

    grants: tuple[ActiveGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The referrer and the conversion from now on (None: it no longer stands), and what to announce."""

    referrer: ReferrerGrants
    conversion: ConversionGrants | None
    lines: list[RewardGranted | RewardRevoked]


def grant_rewards(line: ConversionCleared, terms: ProgramVersion, person: str, referrer: ReferrerGrants) -> Entitlement:
    """What a newly cleared conversion earns under `terms`; `person` is the referrer's id at the platform."""
    count = referrer.conversions + 1
    rules = terms.program.rewards_for(line.referrer_kind)
    own = [_grant(line, terms, rule, person, line.id) for rule in rules if rule.pays_each]
    reached = {
        rule.id: (needs, _grant(line, terms, rule, person, f"milestone:{needs}"))
        for rule in rules
        if (needs := rule.milestone) and needs <= count and rule.id not in referrer.milestones
    }
    milestones = {rule: Milestone(_active_grant(grant), needs) for rule, (needs, grant) in reached.items()}
    return Entitlement(
        referrer=ReferrerGrants(count, referrer.milestones | milestones),
        conversion=ConversionGrants(tuple(map(_active_grant, own))),
        lines=[*own, *(grant for _, grant in reached.values())],
    )


def revoke_rewards(line: ConversionReversed, converted: ConversionGrants, referrer: ReferrerGrants) -> Entitlement:
    """What a conversion's fall takes back: what it paid by itself, and the milestones it held up."""
    count = referrer.conversions - 1
    lost = {rule: one for rule, one in referrer.milestones.items() if one.referrals > count}
    kept = {rule: one for rule, one in referrer.milestones.items() if rule not in lost}
    own = [_revoke(line, owed, line.reason) for owed in converted.grants]
    milestones = [_revoke(line, one.grant, "milestone_lost") for one in lost.values()]
    return Entitlement(ReferrerGrants(count, kept), None, [*own, *milestones])


def _active_grant(grant: RewardGranted) -> ActiveGrant:
    return ActiveGrant(grant.id, grant.beneficiary)


def _grant(line: ConversionCleared, terms: ProgramVersion, rule: Reward, person: str, trigger: str) -> RewardGranted:
    """The grant; days of use count from the end of the holding period, so that everybody has all of them."""
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


def _revoke(line: ConversionReversed, owed: ActiveGrant, reason: RevocationReason) -> RewardRevoked:
    return RewardRevoked(
        occurred_at=line.occurred_at, program=line.program, id=owed.reward, beneficiary=owed.beneficiary, reason=reason
    )
