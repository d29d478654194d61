"""Generated discount codes: unguessable without the key for codes, and always the same for the same reward.

Keyed BLAKE2b (RFC 7693) of the reward id, in an alphabet without characters that are easily confused: no 0, O, 1, I, L or U.
Without a form they are ten of 30 characters, 49 bits: with a million codes issued, guessing one takes some 590 million attempts.
"""

from functools import lru_cache
from hashlib import blake2b

from referral.events.code_formats import ALPHABET, CodeFormat, formatted_code, is_clean

LENGTH = 10
_PAIRS = tuple(
    second + first for first in ALPHABET for second in ALPHABET
)  # of a two-digit number, the last digit first
_COUNT = len(ALPHABET) ** LENGTH
_PLAIN, _FORMATTED = b"discount-code", b"formatted-code"
_RETRIES = 100  # a clean code is found at once, mostly; a program that blocks nearly all words gets the last one
_LEAST_SHOWN = 8  # characters: nothing is shown of a shorter code


def generate_discount_code(key: bytes, reward: str, form: CodeFormat | None = None) -> str:
    """Returns the code of a reward under a key for codes, in this form."""
    if form is not None:
        return _generate_in_form(key, reward, form)
    number, pairs = _number(key, reward, _PLAIN) % _COUNT, []
    for _ in range(LENGTH // 2):
        number, index = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[index])
    return "".join(pairs)


def _generate_in_form(key: bytes, reward: str, form: CodeFormat) -> str:
    """The first code of a reward that contains no blocked word."""
    code = ""
    for attempt in range(_RETRIES):
        code = formatted_code(form, _number(key, f"{reward}\x1f{attempt}", _FORMATTED))
        if is_clean(form, code):
            break
    return code


def _number(key: bytes, message: str, purpose: bytes) -> int:
    hashing = _keyed_hash(key, purpose).copy()
    hashing.update(message.encode())
    return int.from_bytes(hashing.digest(), "big")


@lru_cache(maxsize=16)
def _keyed_hash(key: bytes, purpose: bytes) -> blake2b:
    """The hash before its message; copying it takes a third of the time of creating one. A key of over 64 bytes is hashed first."""
    short = key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()
    return blake2b(digest_size=16, key=short, person=purpose)


def mask_code(code: str) -> str:
    """Returns a code as callers see it who may not use it: enough to recognise it, not enough to guess it."""
    return "••••••" + (code[-2:] if len(code) >= _LEAST_SHOWN else "")
