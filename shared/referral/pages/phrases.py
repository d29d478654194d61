"""Line breaks of Chinese titles: between phrases, not inside a word."""

import re

from markupsafe import Markup, escape

# After punctuation that ends a phrase, and the quotes and brackets that it closes.
_END_OF_PHRASE = re.compile(r"(?<=[，。！？；：…])(?![，。！？；：…”’」』）》\s])")


def phrases(text: str) -> Markup:
    """Returns a title as HTML in which a line ends where a phrase does, if the phrases fit on a line each."""
    parts = [part for part in _END_OF_PHRASE.split(text) if part]
    if len(parts) < 2:
        return escape(text)
    return Markup("").join(Markup('<span class="phrase">{}</span>').format(part) for part in parts)


def unbroken(text: str) -> str:
    """Returns a short text, such as a date, without a place for a line break: https://www.unicode.org/reports/tr14/#WJ."""
    return re.sub(r"(?<=\d)(?=[年月日])|(?<=[年月日])(?=\d)", "\u2060", text).replace(" ", "\u00a0")
