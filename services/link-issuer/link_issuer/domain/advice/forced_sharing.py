"""Finds texts that make sharing a condition. People resent it, and WeChat (诱导分享) and others remove such posts.

The program file has no reward for sharing itself; this rule reads what the texts promise.
"""

from collections.abc import Iterator

from link_issuer.domain.advice import program_texts, text_patterns
from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    for pointer, text in program_texts.all_texts(program):
        found = text_patterns.FORCED_SHARING.search(text)
        if found:
            yield (
                pointer,
                f"{found[0]!r} makes sharing a condition, which platforms forbid: reward friends who follow instead",
            )


FORCED_SHARING = AdviceRule(
    name="forced_sharing",
    pitfall='Forced sharing: a text that makes sharing a condition of getting something, such as "share to unlock" or "转发领取".',
    fix="Give the content without conditions; reward friends who follow, not the act of sharing.",
    find=_find,
)
