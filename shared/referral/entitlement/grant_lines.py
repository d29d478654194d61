"""The lines of `rewards` that the decide fold writes: grants, adjustments, revocations and stops."""

from datetime import datetime
from typing import NamedTuple

from referral.entitlement.earnable_rewards import EarnableReward
from referral.entitlement.grants import ActiveGrant, OrderGrant
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.ids import reward_id
from referral.events.money import Value
from referral.events.rewards import (
    RevocationReason,
    RewardAdjusted,
    RewardGranted,
    RewardRevoked,
    RewardStopped,
    StopReason,
)

GrantLine = RewardGranted | RewardRevoked | RewardAdjusted | RewardStopped


class Occasion(NamedTuple):
    """When a reward is earned, in which program, by whose referral of whom, and the trigger by which its id is derived."""

    occurred_at: datetime
    program: str
    referrer: str
    person: str
    trigger: str
    order: str | None = None

    def beneficiary(self, reward: EarnableReward) -> str:
        """Who gets the reward."""
        return self.person if reward.rule.to == "referee" else self.referrer

    def reward_id(self, reward: EarnableReward) -> str:
        """The id of the reward."""
        return reward_id(self.program, reward.rule.id, self.beneficiary(reward), self.trigger)


def occasion_of(line: ConversionCleared | ConversionReversed, trigger: str) -> Occasion:
    """The occasion of a trigger at the time of a line about a conversion."""
    return Occasion(line.occurred_at, line.program, line.referrer, line.person, trigger)


def granted_line(occasion: Occasion, reward: EarnableReward, value: Value | None, cost: Value | None) -> RewardGranted:
    """The grant. Days of use count from the end of the holding period, so every beneficiary has all of them."""
    rule = reward.rule
    due_at = occasion.occurred_at + reward.holding if reward.holding else None
    return RewardGranted(
        occurred_at=occasion.occurred_at,
        program=occasion.program,
        id=occasion.reward_id(reward),
        beneficiary=occasion.beneficiary(reward),
        rule=rule.id,
        kind=rule.kind,
        role=rule.to,
        version=reward.version,
        trigger=occasion.trigger,
        due_at=due_at,
        expires_at=(due_at or occasion.occurred_at) + reward.use if reward.use else None,
        pool=rule.pool,
        code_key=reward.code_key,
        code_format=reward.code_format,
        percent=rule.percent if value is None else None,
        worth=rule.worth,
        manual=rule.fulfilment == "manual",
        value=value,
        cost=cost,
        budgets=reward.budgets if cost is not None else (),
        smallest_use=rule.smallest_use,
        gift=rule.handover,
        order=occasion.order,
    )


def stopped_line(occasion: Occasion, reward: EarnableReward, value: Value | None, reason: StopReason) -> RewardStopped:
    """The stop of a reward that a limit does not allow."""
    return RewardStopped(
        occurred_at=occasion.occurred_at,
        program=occasion.program,
        id=occasion.reward_id(reward),
        beneficiary=occasion.beneficiary(reward),
        rule=reward.rule.id,
        kind=reward.rule.kind,
        role=reward.rule.to,
        version=reward.version,
        trigger=occasion.trigger,
        reason=reason,
        value=value,
    )


def revoked_line(
    occurred_at: datetime, program: str, grant: ActiveGrant | OrderGrant, reason: RevocationReason
) -> RewardRevoked:
    """The revocation of a grant."""
    return RewardRevoked(
        occurred_at=occurred_at, program=program, id=grant.reward, beneficiary=grant.beneficiary, reason=reason
    )


def adjusted_line(occurred_at: datetime, program: str, grant: OrderGrant, value: Value) -> RewardAdjusted:
    """The new value and cost of a grant."""
    return RewardAdjusted(
        occurred_at=occurred_at,
        program=program,
        id=grant.reward,
        beneficiary=grant.beneficiary,
        value=value,
        cost=grant.cost,
    )


def active_grant(line: RewardGranted) -> ActiveGrant:
    """The grant, as the state remembers it."""
    return ActiveGrant(line.id, line.beneficiary)
