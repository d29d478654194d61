"""The form of generated discount codes: a prefix, characters that are drawn, and a check character (ISO/IEC 7064).

The form is on the lines of a reward: a code follows from its key, its form and the reward's id alone, so a later version of the
program changes no code that was given.
"""

import math
from typing import Annotated

from msgspec import Meta, Struct

from referral.events.blocked_words import contains_blocked_word
from referral.events.section import Section

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without characters that are easily confused: no 0, O, 1, I, L or U."""
DIGITS = "23456789"
DRAWN = {"*": ALPHABET, "#": DIGITS}
"""The marks of a pattern, and what is drawn for each."""
DEFAULT_CODES = 1_000_000
MAX_CODES = 1_000_000_000
GUESSED = 1_000
"""A code space must be at least so many times as large as the number of codes: the share of guesses that are right."""
EQUAL_PAIRS = 100
"""The expected number of pairs of equal codes must be at most the inverse of this."""
MAX_BLOCKED_WORDS = 20
_MODULUS = len(ALPHABET)

BlockedWord = Annotated[str, Meta(pattern="^[A-Z0-9]{2,16}$", extra={"must_be": "2 to 16 of A-Z and 0-9, such as VIP"})]


class CodeFormat(Struct, frozen=True, array_like=True, gc=False):
    """The form of a generated code as it is on the log; a check character follows the pattern."""

    prefix: Annotated[str, Meta(max_length=16)]
    pattern: Annotated[str, Meta(min_length=1, max_length=32)]
    blocked_words: Annotated[tuple[BlockedWord, ...], Meta(max_length=MAX_BLOCKED_WORDS)] = ()


class GeneratedCodes(Section, frozen=True, kw_only=True):
    """What generated codes of a rule look like. The last character is always a check character, so that typing errors are found."""

    prefix: Annotated[
        str,
        Meta(
            pattern="^[A-Z0-9][A-Z0-9-]{1,14}-$",
            description="what every code begins with",
            examples=["GLOW-"],
            extra={"must_be": "2 to 15 of A-Z, 0-9 and -, and a - at the end, such as GLOW-"},
        ),
    ]
    pattern: Annotated[
        str,
        Meta(
            pattern="^[*#](?:[*#-]{2,30})[*#]$",
            max_length=32,
            description="what follows the prefix: * is a letter or digit, # a digit, - itself; a check character is added",
            examples=["****-***"],
            extra={"must_be": "4 to 32 of *, # and -, with * or # at both ends, such as ****-***"},
        ),
    ]
    blocked_words: Annotated[
        tuple[BlockedWord, ...],
        Meta(
            max_length=MAX_BLOCKED_WORDS,
            description="words that no code contains, beside insults in English and Chinese, which none contains",
            examples=[["VIP"]],
        ),
    ] = ()
    up_to: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_CODES,
            description="how many codes the form must be large enough for, if no budget pays for fewer; it stops no reward",
        ),
    ] = DEFAULT_CODES

    @property
    def format(self) -> CodeFormat:
        """The form as it is on the log."""
        return CodeFormat(self.prefix, self.pattern, self.blocked_words)


def code_space(pattern: str) -> int:
    """Returns how many codes a pattern has; the check character follows from the others."""
    return math.prod(len(DRAWN[mark]) for mark in pattern if mark in DRAWN)


def needed_space(codes: int) -> int:
    """Returns how large the space for so many codes must be.

    A guess is right with at most 1 in 1,000. Codes are drawn, not counted: of n codes in a space of m, n²/2m pairs are equal on
    average (the birthday problem), and that must be at most 1 in 100.
    """
    return max(GUESSED * codes, EQUAL_PAIRS * codes * codes // 2)


def formatted_code(form: CodeFormat, number: int) -> str:
    """Returns the code of a number below the code space; larger ones begin again."""
    drawn = []
    for mark in form.pattern:
        if mark in DRAWN:
            number, index = divmod(number, len(DRAWN[mark]))
            drawn.append(DRAWN[mark][index])
        else:
            drawn.append(mark)
    text = "".join(drawn)
    return f"{form.prefix}{text}{check_character(text)}"


def is_clean(form: CodeFormat, code: str) -> bool:
    """Whether what was drawn contains no blocked word, also not across hyphens."""
    drawn = code.removeprefix(form.prefix).replace("-", "")
    return not contains_blocked_word(drawn) and not any(word in drawn for word in form.blocked_words)


def check_character(text: str) -> str:
    """Returns the check character of the characters of ALPHABET in a text; others, such as hyphens, are passed over.

    The hybrid system of ISO/IEC 7064 (clause 9), MOD M+1,M, with the 30 characters of ALPHABET: MOD 31,30. It finds every single
    wrong character and nearly all exchanges of two neighbours.
    """
    product = _MODULUS
    for character in text:
        if character in ALPHABET:
            total = (product + ALPHABET.index(character)) % _MODULUS or _MODULUS
            product = total * 2 % (_MODULUS + 1)
    return ALPHABET[(1 - product) % _MODULUS]


def has_form(form: CodeFormat, code: str) -> bool:
    """Whether a code has the prefix and the length of a form, whatever its other characters are."""
    return code.startswith(form.prefix) and len(code) == len(form.prefix) + len(form.pattern) + 1


def is_well_formed(form: CodeFormat, code: str) -> bool:
    """Whether a code is one that the form can have: each character fits its mark, and the check character the others."""
    if not has_form(form, code):
        return False
    text = code[len(form.prefix) : -1]
    fits = all(
        one in DRAWN[mark] if mark in DRAWN else one == mark for one, mark in zip(text, form.pattern, strict=True)
    )
    return fits and check_character(text) == code[-1]
