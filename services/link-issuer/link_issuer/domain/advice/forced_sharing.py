"""Sharing as the condition of a gain is resented, and forbidden on WeChat (诱导分享) and elsewhere: posts are taken down.

The file's schema has no reward for sharing itself; this rule reads what the texts promise.
"""

from collections.abc import Iterator

from link_issuer.domain.advice import program_texts, text_patterns
from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    for place, text in program_texts.everything(program):
        found = text_patterns.FORCED.search(text)
        if found:
            yield (
                place,
                f"{found[0]!r} makes sharing a condition, which platforms forbid: give it freely, and reward friends who come",
            )


FORCED_SHARING = Rule(
    name="forced_sharing",
    mistake='Forced sharing: a text that makes sharing the condition of a gain, such as "share to unlock" or "转发领取".',
    fix="Give the content freely; reward the friends who come, not the act of sharing.",
    find=_find,
)
