"""Referrals to be screened: one by one, or many in a row through what screening remembers of their referrer."""

from collections.abc import Iterable
from typing import Any

from conversion_tracker.screening.catalogue import RULES, Finding, screen
from conversion_tracker.screening.referrer_history import EMPTY_HISTORY, ReferralSample, ReferrerHistory
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.attributions import Evidence, ReferralQualified
from referral.events.ids import referral_id
from referral.events.program import Program
from referral.events.screening import Screening
from referral.events.timestamps import to_datetime, to_ms
from tests.support.builders.conversion_tracker import AMY, PROGRAM, START, version

BY_NAME: dict[str, ScreeningRule] = {rule.name: rule for rule in RULES}


def referral(person: str, seconds: float = 0, **more: Any) -> ReferralQualified:
    """A referral by Amy that qualified so many seconds after the start."""
    moment = to_datetime(to_ms(START) + round(seconds * 1000))
    return ReferralQualified(
        occurred_at=moment,
        program=PROGRAM,
        id=referral_id(PROGRAM, person, AMY.id),
        person=person,
        referrer=AMY.id,
        version=1,
        evidence=Evidence(kind="code", touched_at=moment, event="evt_1", code="AMY88"),
        followed_at=moment,
        **more,
    )


def brought(line: ReferralQualified) -> ReferralSample:
    """What is remembered of it."""
    return ReferralSample(to_ms(line.occurred_at), line.person, line.device, line.network)


def known(lines: Iterable[ReferralQualified]) -> ReferrerHistory:
    """Amy after these."""
    referrer = EMPTY_HISTORY
    for line in lines:
        referrer = referrer.with_sample(brought(line))
    return referrer


def found(
    name: str,
    line: ReferralQualified,
    screening: Screening,
    before: Iterable[ReferralQualified] | ReferrerHistory = (),
    **more: Any,
) -> tuple[Finding, ...]:
    """What one rule of the catalogue finds in a referral after others; `more` are fields of the case."""
    referrer = before if isinstance(before, ReferrerHistory) else known(before)
    case = ScreeningCase(line, AMY.external_id, referrer, **more)
    return screen(case, screening, [BY_NAME[name]])


def cleared(
    name: str, lines: Iterable[ReferralQualified], screening: Screening, **more: Any
) -> list[ReferralQualified]:
    """Those of a row in which a rule found nothing when they came."""
    referrer, passed = EMPTY_HISTORY, []
    for line in lines:
        if not found(name, line, screening, referrer, **more):
            passed.append(line)
        referrer = referrer.with_sample(brought(line))
    return passed


def program(**more: Any) -> Program:
    """The small program, with more to it."""
    given = version().program
    return Program(
        id=given.id,
        name=given.name,
        timezone=given.timezone,
        target_url=given.target_url,
        channels=given.channels,
        **more,
    )
