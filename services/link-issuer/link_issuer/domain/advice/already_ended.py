"""Finds programs that are over when they are applied: their links lead nowhere, and no one is credited."""

from collections.abc import Iterator
from datetime import datetime

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program


def _find(program: Program, now: datetime) -> Iterator[Remark]:
    if program.ends_at is not None and program.ends_at <= now:
        yield "/ends_at", f"is in the past ({program.ends_at.isoformat()}): all links show that the program has ended"


ALREADY_ENDED = AdviceRule(
    name="already_ended",
    pitfall="A program that is over: all links show a page that it has ended, and no follow is credited.",
    fix="Write an `ends_at` in the future, or leave it out; keep it if the program is to end now.",
    find_at=_find,
)
