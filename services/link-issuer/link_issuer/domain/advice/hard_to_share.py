"""Whoever has to write the words themselves does not share: each channel needs a kit, in each language of the program."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    for channel in program.channels:
        kit = program.kits.get(channel)
        if kit is None:
            yield "/kits", f"there is no kit for {channel}, so people must find their own words: write one"
            continue
        without = [language for language in program.name if language not in kit]
        if without:
            yield f"/kits/{channel}", f"the program speaks {', '.join(without)} too, this kit does not: add the text"


HARD_TO_SHARE = Rule(
    name="hard_to_share",
    mistake="Sharing made hard: a channel, or a language of the program, for which there is no share kit.",
    fix="Write a ready text in `kits` for each channel, in each language of the program's name.",
    find=_find,
)
