"""Finds programs on more channels than a team can serve well."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program

MAX_CHANNELS = 3


def _find(program: Program) -> Iterator[Remark]:
    if len(program.channels) > MAX_CHANNELS:
        yield "/channels", f"{len(program.channels)} channels divide your effort: begin with your best {MAX_CHANNELS}"


TOO_MANY_CHANNELS = AdviceRule(
    name="too_many_channels",
    pitfall="More than three channels: effort is divided, and no channel is served well.",
    fix="Begin with your best three; add another when they work.",
    find=_find,
)
