"""A call to action that anybody could have written moves nobody: it names neither a friend nor a reason."""

import re
from collections.abc import Iterator

from link_issuer.domain.advice import program_texts, text_patterns
from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Program

# Filled in with words of the content, which are judged where they stand; all other blanks say nothing of their own.
_OWN_WORDS = re.compile(r"\{(hook|cta)\}")
_BLANK = re.compile(r"\{[a-z]*\}")


def is_generic(text: str) -> bool:
    """Whether nothing is left of a text without the words that every such text has; e.g. "转发一下" and "Please share!"."""
    left = text_patterns.GENERIC_ZH.sub(" ", text.casefold().replace("’", "'"))
    return all(word in text_patterns.GENERIC_EN for word in re.findall(r"[^\W_]+(?:'[^\W_]+)?", left))


def _find(program: Program) -> Iterator[Remark]:
    for place, text in program_texts.ctas(program):
        if is_generic(text):
            yield (
                place,
                f"{text!r} could stand anywhere: name the friend or the reason, such as {text_patterns.example(text)}",
            )
    for place, text in program_texts.kits(program):
        if not _OWN_WORDS.search(text) and is_generic(_BLANK.sub(" ", text)):
            yield place, "says nothing of its own: say why, or put the content's words in with {hook} or {cta}"


GENERIC_CTA = Rule(
    name="generic_cta",
    mistake='A generic call to action, such as "share" or "转发一下": it names no friend and no reason.',
    fix='Say whom it is for: "Tag a friend who struggles with dry skin", "艾特一个皮肤干的朋友".',
    find=_find,
)
