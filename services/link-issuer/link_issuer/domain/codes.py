"""Referral codes: short, easy to dictate and type, and derived deterministically from name, owner and attempt.

Codes contain no 0, O, 1, I or L, which people confuse (as in https://www.crockford.com/base32.html), and the derived part no
vowels, so that it does not form words. A code begins with the person's name if possible, so that friends recognize it: a name in
another script with its romanization (小美: XiaoMei, XAME), by the tables of the anyascii package.
"""

import re
import unicodedata
from hashlib import blake2b

from anyascii import anyascii

from referral.events.blocked_words import contains_blocked_word, find_blocked_word, may_contain_blocked_word

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
DIGITS = "23456789"
_RANDOM = "23456789BCDFGHJKMNPQRSTVWXZ"
_NAME_LETTERS = 4

_HASH = blake2b(digest_size=16, person=b"code")  # copied: faster than a new one
_NOT_LETTERS = str.maketrans("", "", "".join(chr(code) for code in range(128) if chr(code) not in LETTERS))


class _Shape:
    """The alphabet and the length of the part of a code that is derived from a digest, and how to derive it."""

    __slots__ = ("_length", "_pairs", "_values")

    def __init__(self, alphabet: str, length: int) -> None:
        self._length = length
        self._values: int = len(alphabet) ** length
        self._pairs = tuple(low + high for high in alphabet for low in alphabet)

    def characters(self, seed: str) -> str:
        """The digits of the seed's digest in base len(alphabet), the lowest first; two are looked up at a time."""
        hashing, pairs = _HASH.copy(), self._pairs
        hashing.update(seed.encode())
        number = int.from_bytes(hashing.digest(), "big") % self._values  # a small number is divided faster
        characters = pairs[number % len(pairs)]
        while len(characters) < self._length:
            number //= len(pairs)
            characters += pairs[number % len(pairs)]
        return characters[: self._length]


# What follows a name of two letters or more, by attempt: two digits first ("AMY88"), later longer.
_AFTER_NAME = (_Shape(DIGITS, 2), _Shape(DIGITS, 3), _Shape(_RANDOM, 3), _Shape(_RANDOM, 4), _Shape(_RANDOM, 5))
_NO_NAME = (_Shape(_RANDOM, 6), _Shape(_RANDOM, 7))
_LAST_RESORT = _Shape(_RANDOM, 9)

VANITY_PATTERN = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,31}")
# First segments of paths that are not codes. Includes paths not served yet, so that a later page does not collide with a code.
RESERVED_CODES = frozenset(
    {"V1", "G", "S", "P", "W", "API", "APP", "ADMIN", "DOCS", "HEALTHZ", "HELP", "LOGIN", "METRICS", "OPENAPI", "PAGES"}
    | {"J", "Q", "U", "CONSOLE", "PRIVACY", "READYZ", "REFERRAL", "STATIC", "TERMS"}
)


class InvalidCode(ValueError):
    """A chosen code is invalid; the message explains why and what to choose instead."""


def candidate_code(prefix: str, owner: str, attempt: int) -> str:
    """The code to try for `owner` (an id) with a name of this `code_prefix`: deterministic, different for each attempt."""
    start, shapes = (prefix, _AFTER_NAME) if len(prefix) >= 2 else ("", _NO_NAME)
    shape = shapes[attempt] if attempt < len(shapes) else _LAST_RESORT
    seed = f"{owner}\x1f{attempt}"
    code = start + shape.characters(seed)
    return code if not may_contain_blocked_word(code) else _clean_code(start, shape, seed)


def normalize_vanity_code(chosen: str) -> str:
    """A chosen code in the form in which codes are compared (upper case). Raises InvalidCode."""
    code = chosen.strip().upper()
    if not VANITY_PATTERN.fullmatch(code):
        raise InvalidCode(
            f"{chosen!r} is not a valid code: choose 3 to 32 letters A-Z, digits, - or _, beginning with a letter or digit"
        )
    if code in RESERVED_CODES:
        raise InvalidCode(f"{code} is a path of this service: choose another code, for instance {code}2026")
    if word := find_blocked_word(code):
        raise InvalidCode(
            f"{code} contains {word}, which is not allowed in codes: choose another, such as a name and a year"
        )
    return code


def code_prefix(name: str) -> str:
    """Up to four letters of a display name, without accents and confusable letters; empty if they form a blocked word.

    Codes of its people begin with them, if there are at least two.
    """
    latin = _usable_letters(unicodedata.normalize("NFKD", name))
    letters = latin if len(latin) >= 2 else _usable_letters(_romanized(name))
    return "" if find_blocked_word(letters) else letters


def _usable_letters(text: str) -> str:
    upper = text.upper()
    if upper.isascii():
        return upper.translate(_NOT_LETTERS)[:_NAME_LETTERS]
    return "".join(letter for letter in upper if letter in LETTERS)[:_NAME_LETTERS]


def _romanized(name: str) -> str:
    """The letters of a name in Latin script; emoji and other symbols, which have English names there, are left out."""
    return anyascii("".join(character for character in name if unicodedata.category(character)[0] in "LM"))


def _clean_code(start: str, shape: _Shape, seed: str) -> str:
    """The first code derived from a seed that forms no blocked word, neither in all nor by what follows `start`."""
    suffix, retry = shape.characters(seed), 0
    while contains_blocked_word(suffix) or find_blocked_word(start + suffix) is not None:
        retry += 1
        suffix = shape.characters(f"{seed}\x1f{retry}")
    return start + suffix
