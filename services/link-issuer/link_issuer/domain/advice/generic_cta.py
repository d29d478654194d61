"""Finds calls to action that name neither a friend nor a reason, which few people follow."""

import re
from collections.abc import Iterator

from link_issuer.domain.advice import program_texts, text_patterns
from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program

# Placeholders filled in with texts of the content, which are checked where they are defined.
_CONTENT_PLACEHOLDER = re.compile(r"\{(hook|cta)\}")
_PLACEHOLDER = re.compile(r"\{[a-z]*\}")


def is_generic(text: str) -> bool:
    """Whether a text consists of common words of calls to action only, e.g. "转发一下" and "Please share!"."""
    rest = text_patterns.GENERIC_ZH.sub(" ", text.casefold().replace("’", "'"))
    return all(word in text_patterns.GENERIC_EN for word in re.findall(r"[^\W_]+(?:'[^\W_]+)?", rest))


def _find(program: Program) -> Iterator[Remark]:
    for pointer, text in program_texts.ctas(program):
        if is_generic(text):
            example = text_patterns.example_call_to_action(text)
            yield pointer, f"{text!r} fits any post: name a friend or a reason, such as {example}"
    for pointer, text in program_texts.kits(program):
        if not _CONTENT_PLACEHOLDER.search(text) and is_generic(_PLACEHOLDER.sub(" ", text)):
            yield pointer, "gives no reason to follow: add one, or insert the content's texts with {hook} or {cta}"


GENERIC_CTA = AdviceRule(
    name="generic_cta",
    pitfall='A generic call to action, such as "share" or "转发一下": it names neither a friend nor a reason.',
    fix='Name the person it is for: "Tag a friend who struggles with dry skin", "艾特一个皮肤干的朋友".',
    find=_find,
)
