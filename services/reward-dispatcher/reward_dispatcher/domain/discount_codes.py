"""Generated discount codes: unguessable without the key for codes, and always the same for the same reward.

Keyed BLAKE2b (RFC 7693) of the reward id, in an alphabet without characters that are easily confused: no 0, O, 1, I, L or U.
Ten of 30 characters are 49 bits: with a million codes issued, guessing one takes some 590 million attempts.
"""

from functools import lru_cache
from hashlib import blake2b

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_PAIRS = tuple(
    second + first for first in ALPHABET for second in ALPHABET
)  # of a two-digit number, the last digit first
_COUNT = len(ALPHABET) ** LENGTH
_PURPOSE = b"discount-code"
_LEAST_SHOWN = 8  # characters: nothing is shown of a shorter code


def generate_discount_code(key: bytes, reward: str) -> str:
    """Returns the code of a reward under a key for codes."""
    hashing = _keyed_hash(key).copy()
    hashing.update(reward.encode())
    number, pairs = int.from_bytes(hashing.digest(), "big") % _COUNT, []
    for _ in range(LENGTH // 2):
        number, index = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[index])
    return "".join(pairs)


@lru_cache(maxsize=8)
def _keyed_hash(key: bytes) -> blake2b:
    """The hash before its message; copying it takes a third of the time of creating one. A key of over 64 bytes is hashed first."""
    short = key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()
    return blake2b(digest_size=16, key=short, person=_PURPOSE)


def mask_code(code: str) -> str:
    """Returns a code as callers see it who may not use it: enough to recognise it, not enough to guess it."""
    return "••••••" + (code[-2:] if len(code) >= _LEAST_SHOWN else "")
