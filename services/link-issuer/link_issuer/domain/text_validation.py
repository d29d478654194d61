"""Names that people are shown and ids that platforms give: what is let in, so that pages and keys can trust them."""

import unicodedata

from referral.events.value_checks import InvalidValue, legible

_DISPLAY_NAME = 64
_EXTERNAL_ID = 128
_MENTION = 64
_DEVICE = 128


def display_name(text: str) -> str:
    """The name as it is kept: NFC (https://www.unicode.org/reports/tr15/), trimmed. Raises InvalidValue."""
    return _checked(unicodedata.normalize("NFC", legible(text)).strip(), _DISPLAY_NAME)


def external_id(text: str) -> str:
    """A platform's id of a person, untouched: two spellings are two people. Raises InvalidValue."""
    if text != text.strip():
        raise InvalidValue("begins or ends with a blank: send the id as the platform gives it")
    return _checked(legible(text), _EXTERNAL_ID)


def mention(text: str) -> str:
    """A handle as it is mentioned, with its @. Raises InvalidValue."""
    handle = unicodedata.normalize("NFC", legible(text)).strip().removeprefix("@").removeprefix("＠")
    if any(character.isspace() for character in handle):
        raise InvalidValue("holds a blank: a mention is one word, such as @amy")
    return "@" + _checked(handle, _MENTION)


def device(text: str) -> str:
    """A hash of somebody's device, untouched. Raises InvalidValue."""
    return _checked(legible(text), _DEVICE)


def _checked(text: str, most: int) -> str:
    if not text:
        raise InvalidValue("is empty: give at least one character")
    if len(text) > most:
        raise InvalidValue(f"has {len(text)} characters: shorten it to {most}")
    return text
