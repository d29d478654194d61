"""The index of a program's uploaded codes: the place of each by its keyed hash. Cost and memory per code are constant.

Hashes are spread over 2,097,152 buckets, each a text of bytes with 17 for each code: with a million codes two of five have one. A
look-up reads one bucket, however many codes there are. Two codes have the same 93 bits of hash in 1 of 10^14 programs with ten
million codes; the second would be refused as a duplicate.
"""

import struct
from base64 import b64decode
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from referral.events.pools import HASH_BYTES

BUCKETS = 2_097_152
MAX_CODES = 10_000_000
"""The most codes that all pools of a program may have: a bucket then has five."""
MAX_POOLS = 1_000
_STORED = slice(3, HASH_BYTES)  # the first three bytes choose the bucket
_STORED_BYTES = 9
_PLACE = struct.Struct(">HIH")
_ENTRY_BYTES = _STORED_BYTES + _PLACE.size


class Place(NamedTuple):
    """Where a code is: the number of the pool within the program, of the segment within the pool, and the offset in it."""

    pool: int
    segment: int
    offset: int


class CodeBucket(Struct, frozen=True, array_like=True, tag="bucket"):
    """The entries of a bucket, one after the other."""

    entries: bytes = b""


def split_hashes(text: str) -> list[bytes]:
    """The hashes of a line. Raises ValueError if the text is not base64 of whole hashes."""
    raw = b64decode(text, validate=True)
    if len(raw) % HASH_BYTES:
        raise ValueError(f"hashes must have {HASH_BYTES} bytes each; got {len(raw)} bytes in all")
    return [raw[start : start + HASH_BYTES] for start in range(0, len(raw), HASH_BYTES)]


def bucket_of(code_hash: bytes) -> int:
    """The number of the bucket of a hash."""
    return int.from_bytes(code_hash[:3], "big") % BUCKETS


def find_place(bucket: CodeBucket | None, code_hash: bytes) -> Place | None:
    """The place of a code, or None if the program has no such code."""
    if bucket is None:
        return None
    entries, stored = bucket.entries, code_hash[_STORED]
    at = entries.find(stored)
    while at >= 0:
        if at % _ENTRY_BYTES == 0:
            return Place(*_PLACE.unpack_from(entries, at + _STORED_BYTES))
        at = entries.find(stored, at + 1)
    return None


def add_place(bucket: CodeBucket | None, code_hash: bytes, place: Place) -> CodeBucket:
    """The bucket with a further code."""
    entry = code_hash[_STORED] + _PLACE.pack(*place)
    return CodeBucket(bucket.entries + entry if bucket else entry)


class ProgramPools(Struct, frozen=True, array_like=True, tag="pools"):
    """The pools of a program that got codes, by number, and the last requests, whose receipts are kept."""

    names: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()


RECENT_REQUESTS = 64


def with_pool(pools: ProgramPools, name: str) -> tuple[ProgramPools, int]:
    """The program's pools with this one, and its number."""
    if name in pools.names:
        return pools, pools.names.index(name)
    return ProgramPools((*pools.names, name), pools.recent), len(pools.names)


def with_request(pools: ProgramPools, request: str) -> tuple[ProgramPools, Sequence[str]]:
    """The program's pools with a new request, and the requests whose receipts are no longer kept."""
    recent = (*pools.recent, request)
    kept = recent[-RECENT_REQUESTS:]
    return ProgramPools(pools.names, kept), recent[: len(recent) - len(kept)]
