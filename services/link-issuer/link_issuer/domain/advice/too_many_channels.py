"""Effort spent on more than three channels is effort divided."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Program

MOST_CHANNELS = 3


def _find(program: Program) -> Iterator[Remark]:
    if len(program.channels) > MOST_CHANNELS:
        many = len(program.channels)
        yield "/channels", f"{many} channels divide your effort: begin with your best {MOST_CHANNELS}"


TOO_MANY_CHANNELS = Rule(
    name="too_many_channels",
    mistake="More than three channels: effort is divided, and none is done well.",
    fix="Begin with your best three; add one when those run.",
    find=_find,
)
