"""The skeleton of a person's id: what remains if everything is removed in which look-alikes differ.

After https://www.unicode.org/reports/tr39/#Confusable_Detection, and coarser, because a match is only held for review: upper and
lower case, accents, punctuation and invisible characters do not count either.
"""

import re
import unicodedata
from functools import lru_cache

from referral.people.confusable_characters import ascii_look_alikes

_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\W_]+(?=\d)")  # 1-23 and 12-3 are different numbers
_PUNCTUATION = re.compile(r"[^\w~]+|_+")
_COLONS = str.maketrans(dict.fromkeys("∶ː։꞉：", ":"))
# Modifier letters that are part of words; others, such as ʼ, are marks beside them.
_LETTERS_OF_WORDS = ("HIRAGANA", "KATAKANA", "HALFWIDTH", "IDEOGRAPHIC", "VERTICAL")


def id_skeleton(id_: str) -> str:
    """The skeleton of an id: equal for two ids that people could confuse. The part before a colon stays apart."""
    prefix, colon, rest = (id_ if id_.isascii() else id_.translate(_COLONS)).partition(":")
    return f"{_prefix_skeleton(prefix)}:{_skeleton(rest)}" if colon else _skeleton(id_)


@lru_cache(256)  # a program has a few
def _prefix_skeleton(prefix: str) -> str:
    return _skeleton(prefix)


def _skeleton(text: str) -> str:
    if text.isalnum() and text.isascii():  # most ids: nothing to remove, in a third of the time
        return _merge_letters(text.lower())
    plain = text if text.isascii() else _as_ascii(text)
    folded = _BETWEEN_DIGITS.sub("~", plain.casefold().replace("|", "l"))
    return _merge_letters(_PUNCTUATION.sub("", folded)) or text  # of punctuation or emoji alone: nothing may be removed


def _merge_letters(text: str) -> str:
    """The text with one letter for those that look like each other."""
    one_letter = text.replace("i", "l").replace("1", "l").replace("0", "o")
    return one_letter.replace("rn", "m").replace("vv", "w")


def _as_ascii(text: str) -> str:
    """The text with the ASCII characters that its characters look like, without accents."""
    table = ascii_look_alikes()
    letters = "".join(one for one in text if not _is_mark_beside(one))
    decomposed = unicodedata.normalize("NFKD", letters.translate(table)).translate(table)
    return "".join(one for one in decomposed if unicodedata.category(one) not in ("Mn", "Cf"))


def _is_mark_beside(character: str) -> bool:
    """Whether a character is an accent of its own or a modifier letter such as ʼ, which many people do not notice."""
    category = unicodedata.category(character)
    if category != "Lm":
        return category == "Sk"
    return unicodedata.normalize("NFKD", character) == character and not unicodedata.name(character).startswith(
        _LETTERS_OF_WORDS
    )
