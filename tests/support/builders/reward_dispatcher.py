"""Builders for rewards: reward rules, conversions of Amy's friends, and the lines of one reward."""

from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from referral.entitlement.earnable_rewards import EarnableRewards, earnable_rewards
from referral.events.attributions import ReferrerKind
from referral.events.budgets import BudgetReleaseRequested
from referral.events.conversions import (
    ConversionCleared,
    ConversionOrdered,
    ConversionOrderRefunded,
    ConversionOrderReinstated,
    ConversionReversed,
)
from referral.events.entities import ProgramVersion
from referral.events.money import Value
from referral.events.program import Program
from referral.events.redemptions import RedemptionChange, RedemptionChangeRequested, RedemptionRequested
from referral.events.reward_rules import Reward
from referral.events.rewards import RewardAction, RewardActionRequested, RewardGranted, RewardRevoked
from referral.key_ring import SIGNING_KEY_ID
from tests.support.builders.leaderboard import cleared_conversion, reversed_conversion
from tests.support.builders.participants import AMY, PROGRAM, START, person_id

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
FRIEND1 = person_id("xhs:friend1")
CODE_KEY = SIGNING_KEY_ID


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


def rewards_of(terms: ProgramVersion, kind: ReferrerKind = "follower") -> EarnableRewards:
    """Returns what a conversion can earn under a program version."""
    return earnable_rewards(terms, kind, CODE_KEY)


def friend_conversion(number: int, at: datetime = START) -> ConversionCleared:
    """Returns Amy's conversion of friend `number`, who is xhs:friend and the number."""
    return cleared_conversion(AMY.id, person_id(f"xhs:friend{number}"), at, name=str(number), code="AMY88")


def friend_reversal(number: int, at: datetime = START) -> ConversionReversed:
    """Returns the reversal of Amy's conversion of friend `number`."""
    return reversed_conversion(friend_conversion(number), at)


def friend_order(
    number: int, order: str, amount: str, at: datetime = START, currency: str = "CNY", **evidence: str
) -> ConversionOrdered:
    """Returns an order of friend `number`, who followed at the start; the evidence has these fields."""
    return ConversionOrdered(
        **_order_fields(number, order, at, evidence),  # type: ignore[arg-type] # a dict's values have one type
        followed_at=START,
        amount=Decimal(amount),
        currency=currency,
    )


def friend_order_refund(
    number: int, order: str, refund: str, amount: str | None = None, at: datetime = START
) -> ConversionOrderRefunded:
    """Returns a refund of an order of friend `number`, as a whole without an amount."""
    return ConversionOrderRefunded(
        **_order_fields(number, order, at, {}),  # type: ignore[arg-type]
        refund=refund,
        amount=None if amount is None else Decimal(amount),
    )


def friend_order_reinstatement(number: int, order: str, reinstatement: str, at: datetime) -> ConversionOrderReinstated:
    """Returns a reinstatement of an order of friend `number`."""
    return ConversionOrderReinstated(
        **_order_fields(number, order, at, {}),  # type: ignore[arg-type]
        reinstatement=reinstatement,
    )


def _order_fields(number: int, order: str, at: datetime, evidence: dict[str, str]) -> dict[str, object]:
    conversion = friend_conversion(number)
    return {
        "occurred_at": at,
        "program": PROGRAM,
        "id": conversion.id,
        "referral": conversion.referral,
        "person": conversion.person,
        "referrer": conversion.referrer,
        "evidence": replace(conversion.evidence, **evidence),
        "order": order,
    }


def grant(
    reward: str = "rwd_1",
    *,
    at: datetime = START,
    holding_days: float = 0,
    pool: str | None = "generated",
    expires_days: float | None = None,
    manual: bool = False,
    beneficiary: str = FRIEND1,
    code_key: str = CODE_KEY,
) -> RewardGranted:
    """Returns the grant of a discount code to a friend."""
    due_at = at + timedelta(days=holding_days) if holding_days else None
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
        expires_at=(due_at or at) + timedelta(days=expires_days) if expires_days else None,
        pool=pool,
        code_key=code_key if pool == "generated" else None,
        percent=20,
        manual=manual,
    )


def revocation(reward: str = "rwd_1", *, at: datetime = START, beneficiary: str = FRIEND1) -> RewardRevoked:
    """Returns the revocation of a reward after an unfollow."""
    return RewardRevoked(occurred_at=at, program=PROGRAM, id=reward, beneficiary=beneficiary, reason="unfollowed")


def budget_release(budget: str, *, unit: str = "CNY", at: datetime = START) -> BudgetReleaseRequested:
    """Returns a request to look again at what a budget stopped."""
    return BudgetReleaseRequested(occurred_at=at, program=PROGRAM, budget=budget, unit=unit)


def credit(
    reward: str,
    amount: int,
    *,
    unit: str = "CNY",
    at: datetime = START,
    expires_days: float | None = None,
    smallest_use: int | None = None,
    holding_days: float = 0,
) -> RewardGranted:
    """Returns the grant of a credit to a friend, in minor units."""
    line = grant(reward, at=at, pool=None, expires_days=expires_days, holding_days=holding_days)
    return replace(
        line, rule="credit", kind="credit", percent=None, value=Value(amount, unit), smallest_use=smallest_use
    )


def fixed_code(reward: str, amount: int, *, at: datetime = START, smallest_use: int | None = None) -> RewardGranted:
    """Returns the grant of a code that takes off a fixed amount, in fen."""
    return replace(grant(reward, at=at), percent=None, value=Value(amount, "CNY"), smallest_use=smallest_use)


def redemption_request(  # noqa: PLR0913 - the fields of a request
    request: str,
    reward: str = "rwd_1",
    *,
    order: str = "order-1",
    at: datetime = START,
    beneficiary: str = FRIEND1,
    amount: int | None = None,
    unit: str | None = None,
    of_balance: bool = False,
    hold_hours: float | None = None,
) -> RedemptionRequested:
    """Returns a request to use or hold a reward, or a balance, for an order."""
    return RedemptionRequested(
        occurred_at=at,
        program=PROGRAM,
        id=reward,
        beneficiary=beneficiary,
        order=order,
        request=request,
        amount=amount,
        unit=unit,
        of_balance=of_balance,
        until=at + timedelta(hours=hold_hours) if hold_hours else None,
    )


def redemption_change(
    change: RedemptionChange,
    redemption: str,
    rewards: tuple[str, ...],
    request: str = "rdc_1",
    *,
    at: datetime = START,
    amount: int | None = None,
    refund: tuple[str, int, int] | None = None,
) -> RedemptionChangeRequested:
    """Returns a request to change a redemption; `refund` is its id, its part of the order, and what was paid for the order."""
    return RedemptionChangeRequested(
        occurred_at=at,
        program=PROGRAM,
        id=rewards[0],
        beneficiary=FRIEND1,
        request=request,
        redemption=redemption,
        change=change,
        rewards=rewards,
        amount=amount,
        refund=refund[0] if refund else None,
        part=refund[1] if refund else None,
        whole=refund[2] if refund else None,
    )


def reward_action(
    action: RewardAction,
    request: str = "act_1",
    reward: str = "rwd_1",
    *,
    at: datetime = START,
    beneficiary: str = FRIEND1,
) -> RewardActionRequested:
    """Returns an operator's decision about a reward."""
    return RewardActionRequested(
        occurred_at=at,
        program=PROGRAM,
        id=reward,
        beneficiary=beneficiary,
        request=request,
        action=action,
        by="lin@glow.example",
        note="txt_0123456789abcdef",
        api_key="key_1",
    )
