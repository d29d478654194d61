"""Finds channels without a share kit in each of the program's languages: people who must write their own text do not share."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    for channel in program.channels:
        kit = program.kits.get(channel)
        if kit is None:
            yield "/kits", f"has no text for {channel}, so people must write their own: add one"
            continue
        missing = [language for language in program.name if language not in kit]
        if missing:
            yield f"/kits/{channel}", f"has no text in {', '.join(missing)}, in which the program has a name: add it"


HARD_TO_SHARE = AdviceRule(
    name="hard_to_share",
    pitfall="Sharing made hard: a channel, or one of the program's languages, without a share kit.",
    fix="Write a text in `kits` for each channel, in each language of the program's name.",
    find=_find,
)
