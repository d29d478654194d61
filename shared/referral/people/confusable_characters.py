"""Characters that look like letters and digits of ASCII: the table of https://www.unicode.org/reports/tr39/#Confusable_Detection.

Read from the package confusable-homoglyphs when it is needed first. Importing that package would keep ten megabytes in memory.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import ascii_letters, digits

import msgspec

_Homoglyphs = dict[str, list[dict[str, str]]]
_LEFT_TO_RIGHT_MARK = "\u200e"  # beside right-to-left letters in the table


@cache
def ascii_look_alikes() -> Mapping[int, str]:
    """The ASCII character that each other character looks like, as a table for `str.translate`.

    A letter of which only the capital looks like a letter of ASCII counts as that too: м as m, because М looks like M.
    """
    raw = files("confusable_homoglyphs").joinpath("confusables.json").read_bytes()
    homoglyphs: _Homoglyphs = msgspec.json.decode(raw, type=_Homoglyphs)
    found = {
        other: target
        for target in ascii_letters + digits
        for each in homoglyphs.get(target, ())
        if len(other := each["c"].strip(_LEFT_TO_RIGHT_MARK)) == 1 and not other.isascii()
    }
    small = {other.lower(): target for other, target in found.items() if len(other.lower()) == 1}
    return {ord(other): target for other, target in (small | found).items() if not other.isascii()}
