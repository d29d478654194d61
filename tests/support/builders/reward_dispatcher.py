"""Builders for rewards: reward rules, conversions of Amy's friends, and the lines of one reward."""

from datetime import datetime, timedelta

from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.entities import ProgramVersion
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral.events.rewards import RedemptionRequested, RewardGranted, RewardRevoked
from tests.support.builders.leaderboard import cleared_conversion, reversed_conversion
from tests.support.builders.participants import AMY, PROGRAM, START

GUIDE = Reward(id="guide", to="referrer", on="conversion.cleared", kind="guide", once=True, pool="skincare-secrets.pdf")
FIRST20 = Reward(
    id="first20",
    to="referee",
    on="conversion.cleared",
    kind="discount_code",
    percent=20,
    pool="generated",
    expires_days=60,
)
BONUS3 = Reward(id="bonus3", to="referrer", on="milestone", referrals=3, kind="early_access")


def reward_terms(
    *rules: Reward, version: int = 1, holding_days: int = 0, effective_from: datetime = START
) -> ProgramVersion:
    """Returns a program version with these reward rules, or with a guide, a code and a bonus."""
    program = Program(
        id=PROGRAM,
        name={"en": "Glow"},
        timezone="Asia/Shanghai",
        target_url="https://example.com/follow",
        channels=("wechat",),
        rewards=rules or (GUIDE, FIRST20, BONUS3),
        holding_days=holding_days,
    )
    return ProgramVersion(recorded_at=START, program=program, version=version, effective_from=effective_from)


def friend_conversion(number: int, at: datetime = START) -> ConversionCleared:
    """Returns Amy's conversion of friend `number`."""
    return cleared_conversion(AMY.id, f"xhs:friend{number}", at, name=str(number), code="AMY88")


def friend_reversal(number: int, at: datetime = START) -> ConversionReversed:
    """Returns the reversal of Amy's conversion of friend `number`."""
    return reversed_conversion(friend_conversion(number), at)


def grant(
    reward: str = "rwd_1",
    *,
    at: datetime = START,
    holding_days: float = 0,
    pool: str | None = "generated",
    expires_days: float | None = None,
    manual: bool = False,
    beneficiary: str = "xhs:friend1",
) -> RewardGranted:
    """Returns the grant of a discount code to a friend."""
    due_at = at + timedelta(days=holding_days)
    return RewardGranted(
        occurred_at=at,
        program=PROGRAM,
        id=reward,
        beneficiary=beneficiary,
        rule="first20",
        kind="discount_code",
        role="referee",
        version=1,
        trigger="cnv_1",
        due_at=due_at,
        expires_at=due_at + timedelta(days=expires_days) if expires_days else None,
        pool=pool,
        percent=20,
        manual=manual,
    )


def revocation(reward: str = "rwd_1", *, at: datetime = START, beneficiary: str = "xhs:friend1") -> RewardRevoked:
    """Returns the revocation of a reward after an unfollow."""
    return RewardRevoked(occurred_at=at, program=PROGRAM, id=reward, beneficiary=beneficiary, reason="unfollowed")


def redemption_request(
    request: str,
    reward: str = "rwd_1",
    *,
    order: str = "order-1",
    at: datetime = START,
    beneficiary: str = "xhs:friend1",
) -> RedemptionRequested:
    """Returns a request to use a reward for an order."""
    return RedemptionRequested(
        occurred_at=at, program=PROGRAM, id=reward, beneficiary=beneficiary, order=order, request=request
    )
