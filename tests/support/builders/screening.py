"""Builders for screening: referrals by Amy, the referrer's history that they make, and what one rule finds."""

from collections.abc import Iterable
from typing import Any

from conversion_tracker.screening.catalogue import RULES, Finding, screen
from conversion_tracker.screening.referrer_history import EMPTY_HISTORY, ReferrerHistory, referral_sample
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.attributions import Evidence, ReferralQualified
from referral.events.ids import referral_id
from referral.events.program import Program
from referral.events.screening import Screening
from referral.events.timestamps import to_datetime, to_ms
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, PROGRAM, START

RULES_BY_NAME: dict[str, ScreeningRule] = {rule.name: rule for rule in RULES}


def referral(person: str, seconds: float = 0, **more: Any) -> ReferralQualified:
    """Returns a referral by Amy that qualified so many seconds after the start."""
    moment = to_datetime(to_ms(START) + round(seconds * 1000))
    return ReferralQualified(
        occurred_at=moment,
        program=PROGRAM,
        id=referral_id(PROGRAM, person, AMY.id),
        person=person,
        referrer=AMY.id,
        version=1,
        evidence=more.pop("evidence", None) or Evidence(kind="code", touched_at=moment, event="evt_1", code="AMY88"),
        followed_at=moment,
        **more,
    )


def click_evidence(click: str) -> Evidence:
    """Returns the evidence of a click on a link, with the click's id."""
    return Evidence(kind="click", touched_at=START, event=click, code="AMY88")


def referrer_after(lines: Iterable[ReferralQualified]) -> ReferrerHistory:
    """Returns Amy's state after these referrals."""
    referrer = EMPTY_HISTORY
    for line in lines:
        referrer = referrer.with_sample(referral_sample(line))
    return referrer


def findings(
    name: str,
    line: ReferralQualified,
    screening: Screening,
    before: Iterable[ReferralQualified] | ReferrerHistory = (),
    **more: Any,
) -> tuple[Finding, ...]:
    """Returns what the rule of this name finds in a referral after others; `more` are fields of the case."""
    referrer = before if isinstance(before, ReferrerHistory) else referrer_after(before)
    case = ScreeningCase(line, more.pop("referrer", AMY), referrer, **more)
    return screen(case, screening, [RULES_BY_NAME[name]])


def filter_unflagged(
    name: str, lines: Iterable[ReferralQualified], screening: Screening, **more: Any
) -> list[ReferralQualified]:
    """Returns those of a sequence of referrals in which the rule finds nothing at their turn."""
    referrer, passing = EMPTY_HISTORY, []
    for line in lines:
        if not findings(name, line, screening, referrer, **more):
            passing.append(line)
        referrer = referrer.with_sample(referral_sample(line))
    return passing


def small_program(**more: Any) -> Program:
    """Returns the small program with further fields."""
    base = program_version().program
    return Program(
        id=base.id, name=base.name, timezone=base.timezone, target_url=base.target_url, channels=base.channels, **more
    )
