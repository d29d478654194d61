"""The link in a text that people copy and send: once, and separated from the words around it."""

import re

# Full-width punctuation ends a word for the programs that find links in texts.
_BEFORE_LINK = "，。！？、；：”’）》」』】…—（《「『【“‘"
# Some messengers would take these as part of the link that they follow; a blank takes their place.
_AFTER_LINK = "，。！？、；：…—,;:!?"


def with_link_once(text: str, link: str) -> str:
    """Returns the text with the link exactly once: at its first place, or on a line of its own at the end if it has none.

    Blanks separate the link from its neighbours, so that every messenger recognises where it begins and ends.
    """
    before, found, after = text.partition(link)
    if not found:
        return f"{text.rstrip()}\n{link}" if text.strip() else link
    after = re.sub(rf"\s*{re.escape(link)}\s*", " ", after)
    return f"{_separated_before(before)}{link}{_separated_after(after)}".rstrip()


def _separated_before(text: str) -> str:
    is_separated = not text or text[-1].isspace() or text[-1] in _BEFORE_LINK
    return text if is_separated else f"{text} "


def _separated_after(text: str) -> str:
    is_separated = not text or text[0].isspace() or re.match(r"\.(\s|$)", text)
    return text if is_separated else f" {text.lstrip(_AFTER_LINK).lstrip()}"
