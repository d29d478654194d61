"""Validation and normalization of display names and handles, so that pages and keys can rely on them."""

import unicodedata

from referral.events import normal_forms
from referral.events.value_checks import InvalidValue, legible
from referral.events.visible_text import has_visible_character

_DISPLAY_NAME = 64
_MENTION = 64
_DEVICE = 128


def normalize_display_name(text: str) -> str:
    """The name as it is stored: NFC (https://www.unicode.org/reports/tr15/), trimmed. Raises InvalidValue."""
    name = _require_length(unicodedata.normalize("NFC", legible(text)).strip(), _DISPLAY_NAME)
    if not has_visible_character(name):
        characters = ", ".join(f"U+{ord(character):04X}" for character in dict.fromkeys(name[:8]))
        raise InvalidValue(
            f"must contain a visible character; got only {characters}: send another name, or leave it out to show the code"
        )
    return name


def normalize_mention(text: str) -> str:
    """A handle with exactly one leading @. Raises InvalidValue."""
    handle = unicodedata.normalize("NFC", legible(text)).strip().removeprefix("@").removeprefix("＠")
    if any(character.isspace() for character in handle):
        raise InvalidValue("must not contain spaces: a mention is one word, such as @amy")
    if handle and normal_forms.normalize_mention(handle) == "@":
        raise InvalidValue("must contain letters, digits or emoji: a mention is a handle, such as @amy")
    return "@" + _require_length(handle, _MENTION)


def validate_device_hash(text: str) -> str:
    """A hash of a person's device, unchanged. Raises InvalidValue."""
    return _require_length(legible(text), _DEVICE)


def _require_length(text: str, most: int) -> str:
    if not text:
        raise InvalidValue("must not be empty")
    if len(text) > most:
        raise InvalidValue(f"must have at most {most} characters; has {len(text)}")
    return text
