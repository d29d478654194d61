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
_ASCII_LOOK_ALIKES = str.maketrans({"i": "l", "1": "l", "0": "o"})


@lru_cache(4096)  # a referrer's id is compared with each of their friends
def id_skeleton(id_: str) -> str:
    """The skeleton of an id: equal for two ids that people could confuse. The part before a colon stays apart."""
    prefix, colon, rest = id_.partition(":")
    return f"{_skeleton(prefix)}:{_skeleton(rest)}" if colon else _skeleton(id_)


def _skeleton(text: str) -> str:
    plain = text if text.isascii() else _as_ascii(text)
    folded = _BETWEEN_DIGITS.sub("~", plain.casefold().replace("|", "l"))
    core = _PUNCTUATION.sub("", folded).translate(_ASCII_LOOK_ALIKES).replace("rn", "m").replace("vv", "w")
    return core or text  # of punctuation or emoji alone: nothing may be removed


def _as_ascii(text: str) -> str:
    """The text with the ASCII characters that its characters look like, without accents."""
    table = ascii_look_alikes()
    decomposed = unicodedata.normalize("NFKD", text.translate(table)).translate(table)
    return "".join(one for one in decomposed if unicodedata.category(one) not in ("Mn", "Cf"))
