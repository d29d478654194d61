"""Pools of uploaded codes, in `referral.pools`, keyed by program: what is uploaded, asked for, returned and declared void.

One partition decides for all pools of a program, in the order of the log: so a code belongs to one pool, whichever uploads
arrive at the same time. No line has a code in clear. A code is found again by its keyed hash.
"""

from typing import Annotated

from msgspec import Meta

from referral.events.keys import pools_key
from referral.events.line import Derived, Id, Name, RewardEvent
from referral.events.rewards import RewardKind, SealedCode

SEGMENT_CODES = 500
"""The most codes of a segment: of one line of an upload, and of what a pool opens at a time."""
OPENED_SEGMENTS = 4
"""The most segments that a pool opens by one line."""
HASH_BYTES = 12
_MAX_SEALED = 256 * 1024
_HASH_TEXT = HASH_BYTES * 4 // 3 * SEGMENT_CODES
Offset = Annotated[int, Meta(ge=0, lt=SEGMENT_CODES)]
SegmentNumber = Annotated[int, Meta(ge=0, lt=2**32)]
Sequence = Annotated[int, Meta(ge=0, lt=2**32)]


class CodesUploaded(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="codes.uploaded"):
    """A segment of an upload: codes in the order in which they are given, sealed as one text, and the keyed hash of each.

    `request` is the upload, `index` the number of the segment within it: it counts only after the segment before it, once.
    """

    pool: Name
    request: Id
    index: Sequence
    sealed: Annotated[str, Meta(min_length=1, max_length=_MAX_SEALED)]
    hashes: Annotated[
        str, Meta(min_length=16, max_length=_HASH_TEXT, description="base64 of 12 bytes of each code, in their order")
    ]


class CodeRequested(RewardEvent, frozen=True, kw_only=True, tag="code.requested"):
    """A reward needs a code from a pool. Each pool has one queue."""

    pool: Name
    kind: RewardKind


class CodeReturned(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="code.returned"):
    """A code was issued to a reward that no longer needs it. It was not shown to anyone: the next reward in the queue gets it."""

    pool: Name
    segment: SegmentNumber = 0
    offset: Offset = 0
    code: Name | None = None
    sealed_code: SealedCode | None = None


class CodesVoided(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="codes.voided"):
    """An operator declares codes of a pool void, by their places (segment, offset): those that were not given never are.

    `request` and `index` as of an upload; `actor` is the API key.
    """

    pool: Name
    request: Id
    index: Sequence
    places: Annotated[tuple[tuple[SegmentNumber, Offset], ...], Meta(min_length=1, max_length=SEGMENT_CODES)]
    actor: Id | None = None


class PoolAdvanced(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="pool.advanced"):
    """The pool opens its next segments, or the next page of its queue: its state has only what it needs now."""

    pool: Name
    segments: Annotated[tuple[SegmentNumber, ...], Meta(max_length=OPENED_SEGMENTS)] = ()
    page: Sequence | None = None


PoolLine = CodesUploaded | CodeRequested | CodeReturned | CodesVoided | PoolAdvanced


def pool_line_key(line: PoolLine) -> str:
    """The key of the program."""
    return pools_key(line.program)
