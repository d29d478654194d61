"""Lines and a program to try the rewards' rules with."""

from datetime import UTC, datetime, timedelta

from referral.events.attributions import Evidence
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.entities import Participant, ProgramVersion
from referral.events.ids import participant_id
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral.events.rewards import RedemptionRequested, RewardGranted, RewardRevoked

PROGRAM = "prg_glow"
START = datetime(2026, 11, 1, tzinfo=UTC)
AMY = Participant(
    recorded_at=START,
    id=participant_id(PROGRAM, "xhs:amy"),
    program=PROGRAM,
    external_id="xhs:amy",
    display_name="Amy",
    code="AMY88",
)
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


def day(number: float) -> datetime:
    """So many days after the start."""
    return START + timedelta(days=number)


def terms(*rules: Reward, version: int = 1, holding_days: int = 0, effective_from: datetime = START) -> ProgramVersion:
    """A program version with these rules."""
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


def cleared(number: int, at: datetime = START) -> ConversionCleared:
    """Amy's conversion of friend `number`."""
    return ConversionCleared(
        occurred_at=at,
        program=PROGRAM,
        id=f"cnv_{number}",
        referral=f"ref_{number}",
        person=f"xhs:friend{number}",
        referrer=AMY.id,
        version=1,
        evidence=Evidence(kind="code", touched_at=at, event=f"evt_{number}", code="AMY88"),
    )


def fell(number: int, at: datetime = START) -> ConversionReversed:
    """Friend `number` is lost again."""
    return ConversionReversed(
        occurred_at=at,
        program=PROGRAM,
        id=f"cnv_{number}",
        referral=f"ref_{number}",
        person=f"xhs:friend{number}",
        referrer=AMY.id,
        version=1,
        cleared_at=START,
        reason="unfollowed",
    )


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
    """A discount code owed to a friend."""
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


def revoke(reward: str = "rwd_1", *, at: datetime = START, beneficiary: str = "xhs:friend1") -> RewardRevoked:
    """The reward's reason is gone."""
    return RewardRevoked(occurred_at=at, program=PROGRAM, id=reward, beneficiary=beneficiary, reason="unfollowed")


def use(
    request: str,
    reward: str = "rwd_1",
    *,
    order: str = "order-1",
    at: datetime = START,
    beneficiary: str = "xhs:friend1",
) -> RedemptionRequested:
    """Somebody asks to use the reward for an order."""
    return RedemptionRequested(
        occurred_at=at, program=PROGRAM, id=reward, beneficiary=beneficiary, order=order, request=request
    )
