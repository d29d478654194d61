"""A cap that nothing holds yet must not be relied on: whoever writes one is told."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Caps, Program


def _find(program: Program) -> Iterator[Remark]:
    if program.caps != Caps():
        yield "/caps", "is kept with the version, but rewards are not yet held back by it: watch what is given yourself"


CAPS_NOT_APPLIED = Rule(
    name="caps_not_applied",
    mistake="A cap or budget that is relied on: it is kept with the version and compared, but rewards are not yet held back by it.",
    fix="Watch what is given yourself, and lower what rewards promise by a new version in time.",
    find=_find,
)
