"""Referral codes: short, said and typed without mistakes, and the same whenever they are derived again.

No 0, O, 1, I or L, which people confuse (as in https://www.crockford.com/base32.html); and no vowels in what is drawn
by lot, so that no word comes out by accident. A code begins with the person's name where it can: a friend knows it.
"""

import re
import unicodedata
from hashlib import blake2b
from itertools import count

from link_issuer.domain.blocklist import blocked_by_chance, blocked_word

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
DIGITS = "23456789"
_DRAWN = "23456789BCDFGHJKMNPQRSTVWXZ"
_NAME_LETTERS = 4

# What follows a name of two letters or more, by attempt: two digits first ("AMY88"), then room for namesakes.
_AFTER_NAME = ((DIGITS, 2), (DIGITS, 3), (_DRAWN, 3), (_DRAWN, 4), (_DRAWN, 5))
_NO_NAME = ((_DRAWN, 6), (_DRAWN, 7))
_LAST_RESORT = (_DRAWN, 9)

VANITY = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,31}")
# Paths at the root that are not codes; more are here than are served, so that a later page takes nobody's code.
RESERVED = frozenset(
    {"V1", "G", "S", "P", "W", "API", "APP", "ADMIN", "DOCS", "HEALTHZ", "HELP", "LOGIN", "METRICS", "OPENAPI", "PAGES"}
    | {"PRIVACY", "READYZ", "STATIC", "TERMS"}
)


class CodeRefused(ValueError):
    """A wished-for code cannot be had; the message says why and what can."""


def candidate(name: str, owner: str, attempt: int) -> str:
    """The code to try for `owner` (an id) called `name`: the same for the same arguments; another for each attempt."""
    prefix = _prefix(name)
    shapes = _AFTER_NAME if len(prefix) >= 2 else _NO_NAME
    alphabet, length = shapes[attempt] if attempt < len(shapes) else _LAST_RESORT
    start = prefix if len(prefix) >= 2 else ""
    return start + _clean(start, alphabet, length, f"{owner}\x1f{attempt}")


def vanity(wish: str) -> str:
    """The code somebody chose, as codes are compared. Raises CodeRefused."""
    code = wish.strip().upper()
    if not VANITY.fullmatch(code):
        raise CodeRefused(
            f"{wish!r} is no code: take 3 to 32 letters A-Z, digits, - or _, beginning with a letter or digit"
        )
    if code in RESERVED:
        raise CodeRefused(f"{code} is an address of this service: take another, for instance {code}2026")
    if word := blocked_word(code):
        raise CodeRefused(f"{code} holds {word}, which no code may: take another, such as a name and a year")
    return code


def _prefix(name: str) -> str:
    """Up to four letters of the name, without accents and letters that codes avoid; none where they make a blocked word."""
    plain = unicodedata.normalize("NFKD", name).upper()
    letters = "".join(letter for letter in plain if letter in LETTERS)[:_NAME_LETTERS]
    return "" if blocked_word(letters) else letters


def _clean(start: str, alphabet: str, length: int, seed: str) -> str:
    """The first draw of a seed that holds no blocked word, nor makes one with what stands before it."""
    draws = (_drawn(alphabet, length, f"{seed}\x1f{again}" if again else seed) for again in count())
    return next(drawn for drawn in draws if not blocked_by_chance(drawn) and blocked_word(start + drawn) is None)


def _drawn(alphabet: str, length: int, seed: str) -> str:
    number = int.from_bytes(blake2b(seed.encode(), digest_size=16, person=b"code").digest(), "big")
    characters = []
    for _ in range(length):
        number, index = divmod(number, len(alphabet))
        characters.append(alphabet[index])
    return "".join(characters)
