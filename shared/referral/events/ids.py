"""Typed identifiers, most of them derived: the same object always has the same id, in every process.

Derivation is what makes enrolment, conversion and reward idempotent without coordination (BLAKE2b, 80 bits: at a billion
ids the chance that any two meet is about 4 in 10 million).
"""

import random
import re
from functools import cache, lru_cache
from hashlib import blake2b

# Crockford's base 32 in lower case: no i, l, o or u, so that an id can be read aloud. https://www.crockford.com/base32.html
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")  # those that `int` reads
_PERSON = "psn_"
PERSON_BYTES = 10
"""Bytes of the digest that a person id has."""
_PERSON_ID = re.compile(f"psn_[{_ALPHABET}]{{16}}")
_PAIRS = tuple(
    first + second for first in _ALPHABET for second in _ALPHABET
)  # ten bits at a time: 80 bits are 16 characters


def derive_id(prefix: str, *parts: str) -> str:
    """The id of the object that `parts` identify, e.g. derive_id("ref", program, person, referrer) → "ref_" and 16 characters."""
    hashing = _prefix_hash(prefix).copy()
    hashing.update("\x1f".join(parts).encode())
    return format_id(prefix, hashing.digest())


def format_id(prefix: str, digest: bytes) -> str:
    """The id of a prefix and a digest of ten bytes: the prefix, `_` and 16 characters."""
    return f"{prefix}_{_encode(int.from_bytes(digest, 'big'))}"


def id_digest(id: str) -> bytes:
    """The digest of an id that `format_id` made: ten bytes. Raises ValueError for another text."""
    digits = id.rpartition("_")[2]
    if len(digits) != 16 or digits.strip(_ALPHABET):
        raise ValueError(f"{id[:40]!r} is no id of 16 characters")
    return int(digits.translate(_DIGITS), 32).to_bytes(10, "big")


def person_digest(person: str) -> bytes:
    """The digest of a person id. Digests sort as their ids do. Raises ValueError for another text."""
    digits = person[4:]
    if person[:4] != _PERSON or len(digits) != 16 or digits.strip(_ALPHABET):
        raise ValueError(f"{person[:40]!r} is no person id")
    return int(digits.translate(_DIGITS), 32).to_bytes(10, "big")


def person_of(digest: bytes) -> str:
    """The person id with a digest of ten bytes. Raises ValueError for a member of another length, of a state in an older form."""
    if len(digest) != PERSON_BYTES:
        raise ValueError(
            f"{digest[:40]!r} is no digest of a person id: if it is a member of a board, the state of the board's fold is older"
            " than decision 0088; delete that state while the fold is stopped, and it is built again from the log"
        )
    return _PERSON + _encode(int.from_bytes(digest, "big"))


def is_person_id(text: str) -> bool:
    """Whether a text is a person id (`psn_…`), and so no platform's id."""
    return _PERSON_ID.fullmatch(text) is not None


@cache
def _prefix_hash(prefix: str) -> blake2b:
    """The initial hash of a prefix; copying it takes half the time of creating one."""
    return blake2b(digest_size=10, person=prefix.encode())


def random_id(prefix: str) -> str:
    """A new random id, for an object that nothing identifies yet. Unique, but not secret: access must not depend on it.

    The generator is seeded by the operating system, and again in a forked child; system randomness for each id costs 20 times more.
    """
    return f"{prefix}_{_encode(random.getrandbits(80))}"  # ids are no secrets  # nosec B311


def referral_id(program: str, person: str, referrer: str) -> str:
    """`ref_…`: the id of the referral of `person` by `referrer` (person ids)."""
    return derive_id("ref", program, person, referrer)


@lru_cache(4096)  # screening a line derives the same id about five times
def conversion_id(referral: str) -> str:
    """`cnv_…` of the conversion that a referral leads to."""
    return derive_id("cnv", referral)


def reward_id(program: str, rule: str, beneficiary: str, trigger: str) -> str:
    """`rwd_…`: the same trigger never pays the same beneficiary twice under one rule."""
    return derive_id("rwd", program, rule, beneficiary, trigger)


def _encode(number: int) -> str:
    high, low, pairs = number >> 40, number & 0xFFFFFFFFFF, _PAIRS
    return (
        f"{pairs[high >> 30]}{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}{pairs[high & 1023]}"
        f"{pairs[low >> 30]}{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}{pairs[low & 1023]}"
    )
