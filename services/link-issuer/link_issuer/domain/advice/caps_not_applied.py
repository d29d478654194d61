"""Warns about caps, which are stored but not yet enforced."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program
from referral.events.reward_rules import Caps


def _find(program: Program) -> Iterator[Remark]:
    if program.caps != Caps():
        yield "/caps", "is stored with the version but does not limit rewards yet: monitor the rewards granted yourself"


CAPS_NOT_APPLIED = AdviceRule(
    name="caps_not_applied",
    pitfall="Relying on a cap or budget: it is stored with the version and shown in comparisons, but does not limit rewards yet.",
    fix="Monitor the rewards granted yourself, and apply a version with smaller rewards in time.",
    find=_find,
)
