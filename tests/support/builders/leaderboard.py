"""Builders for the boards: a program with prizes, and conversions that count or are reversed."""

from datetime import datetime, timedelta

from referral.events.attributions import Evidence, ReferrerKind
from referral.events.board_rules import Board
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.entities import ProgramVersion
from referral.events.program import Program
from tests.support.builders.participants import PROGRAM, START

ZONE = "Asia/Shanghai"
GLOW = Program(
    id=PROGRAM,
    name={"zh-CN": "焕肤计划", "en": "Glow Together"},
    timezone=ZONE,
    target_url="https://example.com/follow",
    channels=("xiaohongshu", "wechat"),
    boards=(Board(metric="referrals", prizes={"month": {"1": "grand", "2-10": "gift"}}),),
)
GLOW_VERSION = ProgramVersion(recorded_at=START, program=GLOW, version=1, effective_from=START)


def cleared_conversion(
    referrer: str,
    person: str,
    at: datetime = START,
    kind: ReferrerKind = "follower",
    *,
    name: str | None = None,
    code: str | None = None,
) -> ConversionCleared:
    """Returns a referral that counts since `at`; `name` ends its ids, the person by default."""
    name = name or person
    return ConversionCleared(
        occurred_at=at,
        program=PROGRAM,
        id=f"cnv_{name}",
        referral=f"ref_{name}",
        person=person,
        referrer=referrer,
        version=1,
        evidence=Evidence(kind="code", touched_at=at, event=f"evt_{name}", code=code),
        referrer_kind=kind,
    )


def reversed_conversion(conversion: ConversionCleared, at: datetime | None = None) -> ConversionReversed:
    """Returns the reversal of a conversion, an hour later by default."""
    return ConversionReversed(
        occurred_at=at or conversion.occurred_at + timedelta(hours=1),
        program=PROGRAM,
        id=conversion.id,
        referral=conversion.referral,
        person=conversion.person,
        referrer=conversion.referrer,
        version=1,
        cleared_at=conversion.occurred_at,
        reason="unfollowed",
        referrer_kind=conversion.referrer_kind,
    )
