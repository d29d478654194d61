"""Normal forms of what people type and platforms send about people: ids, codes and mentions.

One function for each, used wherever such a text enters the system, so that the same person or code is the same text everywhere.
"""

import re
import unicodedata
from collections.abc import Callable

from referral.events.ids import is_person_id
from referral.events.value_checks import InvalidValue

MAX_PERSON_ID = 128
_MAX_TEXT = 512  # what is longer contains more than a code or a handle, and is not worth the time
# The forms of ASCII in East Asian fonts, U+FF01 to U+FF5E, and the characters that they stand for.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
# Invisible, but no format character by its category: Default_Ignorable_Code_Point of
# https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt, and the empty braille pattern.
_INVISIBLE = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0))
) | {chr(code) for first, end in ((0xFE00, 0xFE10), (0xE0100, 0xE01F0)) for code in range(first, end)}
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}:")
_PLAIN_ID = re.compile(r"(?!psn_)[a-z][a-z0-9_-]{0,31}:[!-~]{1,95}|(?!psn_)[!-9;-~]{1,128}")
_PLAIN_MENTION = re.compile(r"@?[A-Za-z0-9_-]+")
_PART_OF_NAMES = frozenset("-_")
# Categories of https://www.unicode.org/reports/tr44/#General_Category_Values: separators, punctuation, accents on their own.
_AROUND_HANDLES = frozenset({"Zs", "Zl", "Zp", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sk"})
_AROUND_CODES = _AROUND_HANDLES | {"So"}


def is_normal_person_id(text: str) -> bool:
    """Whether an id is certainly in its normal form: printable ASCII without spaces, and a prefix in lower case."""
    return _PLAIN_ID.fullmatch(text) is not None


def normalize_person_id(text: str) -> str:
    """A platform's id of a person in the form in which ids are stored and compared.

    NFC (https://www.unicode.org/reports/tr15/), full-width ASCII as ASCII, trimmed, a prefix such as `XHS:` in lower case. Raises
    InvalidValue for an id that is empty or too long, contains spaces, control characters or invisible characters, or is a person id
    of this system: no request could find that person by it.
    """
    if len(text) > 2 * MAX_PERSON_ID:
        raise InvalidValue(f"must have at most {MAX_PERSON_ID} characters; has {len(text)}")
    id_ = unicodedata.normalize("NFC", text.translate(_FULL_WIDTH)).strip()
    for position, character in enumerate(id_, start=1):
        if _is_blank(character) or is_invisible(character):
            raise InvalidValue(
                f"must not contain spaces or invisible characters; character {position} is U+{ord(character):04X}: remove it"
            )
    if prefix := _PREFIX.match(id_):
        id_ = prefix[0].lower() + id_[prefix.end() :]
    if not id_ or (prefix and not id_[prefix.end() :]):
        raise InvalidValue("must not be empty")
    if len(id_) > MAX_PERSON_ID:
        raise InvalidValue(f"must have at most {MAX_PERSON_ID} characters; has {len(id_)}")
    if is_person_id(id_):
        raise InvalidValue(
            f"must be the platform's id of the person, such as xhs:u42; {id_} is a person id of this system"
        )
    return id_


def person_id_to_find(text: str) -> str:
    """The id under which a person is stored who is looked up by this text; an invalid id unchanged, as it finds no one."""
    try:
        return normalize_person_id(text)
    except InvalidValue:
        return text


def fold_hashtag(text: str) -> str:
    """A hashtag in the form in which hashtags are compared: NFKC, without # and white space around it, case-folded."""
    return unicodedata.normalize("NFKC", text).strip().strip("#").casefold()


def normalize_code(text: str) -> str:
    """A code in the form in which codes are compared; empty if the text contains none.

    NFKC, upper case, without invisible characters and without the white space, quotes, punctuation and emoji around it:
    " 「ａｍｙ４４」。" is AMY44.
    """
    if text.isascii() and text.isalnum():
        return text.upper()
    return _core(text, str.upper, _AROUND_CODES)


def normalize_mention(text: str) -> str:
    """A handle in the form in which mentions are compared: as for codes, but in lower case and with exactly one leading @.

    A text that contains no handle becomes @ alone. Emoji are part of a handle.
    """
    if len(text) <= _MAX_TEXT and _PLAIN_MENTION.fullmatch(text):
        return "@" + text.removeprefix("@").lower()
    return "@" + _core(text, str.casefold, _AROUND_HANDLES)


def is_invisible(character: str) -> bool:
    """Whether a character has no visible form of its own: control, format, unassigned, private or default-ignorable."""
    return character in _INVISIBLE or unicodedata.category(character)[0] == "C"


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character)[0] == "Z"


def _core(text: str, change_case: Callable[[str], str], around: frozenset[str]) -> str:
    """The text in one case and NFKC, without invisible characters, and without those of the categories `around` at either end.

    Case and NFKC change each other's results: https://www.unicode.org/reports/tr15/#NFKC_CF_Note.
    """
    if len(text) > _MAX_TEXT:
        return text
    visible = "".join(one for one in " ".join(text.split()) if not is_invisible(one))
    folded = _strip(visible, around)
    for _ in range(2):
        folded = unicodedata.normalize("NFKC", change_case(folded))
    return " ".join(_strip(folded, around).split())


def _strip(text: str, around: frozenset[str]) -> str:
    start, end = 0, len(text)
    while start < end and _surrounds(text[start], around):
        start += 1
    while end > start and _surrounds(text[end - 1], around):
        end -= 1
    return text[start:end]


def _surrounds(character: str, around: frozenset[str]) -> bool:
    return character not in _PART_OF_NAMES and unicodedata.category(character) in around
