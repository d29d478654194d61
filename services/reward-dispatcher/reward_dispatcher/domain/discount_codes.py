"""Discount codes made from a pattern: unguessable without the signing key, and the same for the same reward for ever.

HMAC-SHA256 (RFC 2104) of the reward id, written in digits that nobody confuses when reading aloud or typing: no 0, O,
1, I, L or U. Ten of 30 digits are 49 bits: with a million codes given, guessing one takes some 590 million tries.
"""

from hashlib import sha256
from hmac import digest

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10


def pattern_code(key: bytes, reward: str) -> str:
    """The code of a reward under a signing key."""
    number = int.from_bytes(digest(key, b"discount-code:" + reward.encode(), sha256), "big")
    characters = []
    for _ in range(LENGTH):
        number, index = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[index])
    return "".join(characters)


def normalize_code(code: str) -> str:
    """A code as codes are compared: neither the letters' case nor blanks around it count."""
    return code.strip().upper()
