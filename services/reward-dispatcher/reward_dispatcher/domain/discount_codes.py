"""Generated discount codes: unguessable without the key for codes, and always the same for the same reward.

HMAC-SHA256 (RFC 2104) of the reward id, in an alphabet without characters that are easily confused: no 0, O, 1, I, L or U.
Ten of 30 characters are 49 bits: with a million codes issued, guessing one takes some 590 million attempts.
"""

from hashlib import sha256
from hmac import digest

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_LEAST_SHOWN = 8  # characters: nothing is shown of a shorter code


def generate_discount_code(key: bytes, reward: str) -> str:
    """Returns the code of a reward under a key for codes."""
    number = int.from_bytes(digest(key, b"discount-code:" + reward.encode(), sha256), "big")
    characters = []
    for _ in range(LENGTH):
        number, index = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[index])
    return "".join(characters)


def mask_code(code: str) -> str:
    """Returns a code as callers see it who may not use it: enough to recognise it, not enough to guess it."""
    return "••••••" + (code[-2:] if len(code) >= _LEAST_SHOWN else "")
