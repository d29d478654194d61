"""Names that people are shown and ids that platforms give: what is let in, so that pages and keys can trust them."""

import unicodedata

_DISPLAY_NAME = 64
_EXTERNAL_ID = 128
_MENTION = 64
_DEVICE = 128
# Cc control, Cs half of a surrogate pair (no UTF-8 has it), Zl and Zp line and paragraph separators.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Turn the direction of what follows, so that a name can pose as other text: https://www.unicode.org/reports/tr9/
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class NameRefused(ValueError):
    """A name or id cannot be taken; the message says why."""


def display_name(text: str) -> str:
    """The name as it is kept: NFC (https://www.unicode.org/reports/tr15/), trimmed. Raises NameRefused."""
    return _checked(unicodedata.normalize("NFC", legible(text)).strip(), _DISPLAY_NAME)


def external_id(text: str) -> str:
    """A platform's id of a person, untouched: two spellings are two people. Raises NameRefused."""
    if text != text.strip():
        raise NameRefused("begins or ends with a blank: send the id as the platform gives it")
    return _checked(legible(text), _EXTERNAL_ID)


def mention(text: str) -> str:
    """A handle as it is mentioned, with its @. Raises NameRefused."""
    handle = unicodedata.normalize("NFC", legible(text)).strip().removeprefix("@").removeprefix("＠")
    if any(character.isspace() for character in handle):
        raise NameRefused("holds a blank: a mention is one word, such as @amy")
    return "@" + _checked(handle, _MENTION)


def device(text: str) -> str:
    """A hash of somebody's device, untouched. Raises NameRefused."""
    return _checked(legible(text), _DEVICE)


def legible(text: str) -> str:
    """The text, if a page can show all of it. Raises NameRefused."""
    for place, character in enumerate(text, start=1):
        if unicodedata.category(character) in _REFUSED or character in _TURNING:
            raise NameRefused(f"character {place} (U+{ord(character):04X}) cannot be shown: remove it")
    return text


def _checked(text: str, most: int) -> str:
    if not text:
        raise NameRefused("is empty: give at least one character")
    if len(text) > most:
        raise NameRefused(f"has {len(text)} characters: shorten it to {most}")
    return text
