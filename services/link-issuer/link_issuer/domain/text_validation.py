"""Validation and normalization of what people give about themselves, so that pages and keys can rely on it."""

import re
import unicodedata

from referral.events import normal_forms
from referral.events.value_checks import InvalidValue, legible
from referral.events.visible_text import has_visible_character
from referral.people.raw_identifiers import raw_identifier

_DISPLAY_NAME = 64
_MENTION = 64
_DEVICE = 128
_CONTACT = 256
_LANGUAGE = 35
_SCRIPT, _REGION = 4, 2  # lengths of subtags
_LANGUAGE_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{3}){0,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z0-9]{5,8}|\d[a-z0-9]{3})){0,4}",
    re.IGNORECASE | re.ASCII,
)


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
    """A hash of a person's device, unchanged. Raises InvalidValue, also for what identifies a device or a person itself."""
    if raw := raw_identifier(text):
        raise InvalidValue(
            f"is {raw}: send a hash of it, such as the first 32 hexadecimal digits of its SHA-256 with a secret"
        )
    return _require_length(legible(text), _DEVICE)


def normalize_contact(text: str) -> str:
    """How to reach a person, such as an e-mail address: NFC, trimmed. Raises InvalidValue."""
    return _require_length(unicodedata.normalize("NFC", legible(text)).strip(), _CONTACT)


def normalize_language(text: str) -> str:
    """A language tag in its usual case: language, script, region and variants. Raises InvalidValue.

    https://www.rfc-editor.org/rfc/rfc5646#section-2.1; extensions and private subtags are refused.
    """
    if len(text) > _LANGUAGE or not _LANGUAGE_TAG.fullmatch(text):
        raise InvalidValue(f"must be a language tag (BCP 47) such as zh-CN or en; got {text[:64]!r}")
    language, *others = text.split("-")
    return "-".join((language.lower(), *map(_in_usual_case, others)))


def _in_usual_case(subtag: str) -> str:
    if len(subtag) == _SCRIPT and subtag.isalpha():
        return subtag.title()
    return subtag.upper() if len(subtag) == _REGION else subtag.lower()


def _require_length(text: str, most: int) -> str:
    if not text:
        raise InvalidValue("must not be empty")
    if len(text) > most:
        raise InvalidValue(f"must have at most {most} characters; has {len(text)}")
    return text
