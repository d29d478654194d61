"""The skeleton of a person's id: what remains if everything is removed in which look-alikes differ.

After https://www.unicode.org/reports/tr39/#Confusable_Detection, and coarser, because a match is only held for review: upper and
lower case, accents, punctuation and invisible characters do not count either.
"""

import re
import unicodedata
from functools import lru_cache

from conversion_tracker.screening.confusable_characters import ascii_look_alikes

_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\W_]+(?=\d)")  # 1-23 and 12-3 are different numbers
_PUNCTUATION = re.compile(r"[^\w~]+|_+")
_COLONS = str.maketrans(dict.fromkeys("∶ː։꞉：", ":"))
# Modifier letters that are part of words; others, such as ʼ, are marks beside them.
_LETTERS_OF_WORDS = ("HIRAGANA", "KATAKANA", "HALFWIDTH", "IDEOGRAPHIC", "VERTICAL")
_ASCII_LOOK_ALIKES = str.maketrans({"i": "l", "1": "l", "0": "o"})


@lru_cache(4096)  # a referrer's id is compared with each of their friends
def id_skeleton(id_: str) -> str:
    """The skeleton of an id: equal for two ids that people could confuse. The part before a colon stays apart."""
    prefix, colon, rest = id_.translate(_COLONS).partition(":")
    return f"{_skeleton(prefix)}:{_skeleton(rest)}" if colon else _skeleton(id_)


def are_similar(one: str, other: str) -> bool:
    """Whether people could confuse two ids. If only one has a colon, it does not count: `xhs:amy` and `xhs/amy` are similar."""
    skeletons = id_skeleton(one), id_skeleton(other)
    if (":" in skeletons[0]) != (":" in skeletons[1]):
        skeletons = skeletons[0].replace(":", ""), skeletons[1].replace(":", "")
    return skeletons[0] == skeletons[1]


def _skeleton(text: str) -> str:
    plain = text if text.isascii() else _as_ascii(text)
    folded = _BETWEEN_DIGITS.sub("~", plain.casefold().replace("|", "l"))
    core = _PUNCTUATION.sub("", folded).translate(_ASCII_LOOK_ALIKES).replace("rn", "m").replace("vv", "w")
    return core or text  # of punctuation or emoji alone: nothing may be removed


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
