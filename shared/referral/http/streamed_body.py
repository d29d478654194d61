"""A request body that a view reads in parts: for bodies above the limit of all others, in bounded memory.

Every other view gets its body whole, at most REFERRAL_MAX_BODY bytes. A view that streams has a limit of its own, and calls
`body_parts` before anything else reads the body.
"""

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Request

from referral.http.problems import Problem

_PART = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_MAX_MEMBERS = 1000


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The most bytes of a body, before and after decompression, and the most seconds in which it must arrive."""

    sent: int
    plain: int
    seconds: float


def body_parts(request: Request, limits: BodyLimits) -> Iterator[bytes]:
    """The body in parts, decompressed if it is gzip.

    Raises, as it is read, Problem 413 above a limit, 400 for a body that is cut off or is not gzip, 408 if it takes too long, and
    415 for another compression.
    """
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        detail = f"Send the body with Content-Encoding: gzip, or without; got {coding[:64]!r}."
        raise Problem(415, "unsupported_encoding", detail, headers={"Accept-Encoding": "gzip"})
    if (request.content_length or 0) > limits.sent:
        raise _too_large(limits.sent)
    sent = _sent_parts(request, limits)
    return _decompressed(sent, limits.plain) if coding.endswith("gzip") else sent


def _sent_parts(request: Request, limits: BodyLimits) -> Iterator[bytes]:
    deadline, received, announced = time.monotonic() + limits.seconds, 0, request.content_length
    stream = request.environ["wsgi.input"]
    while announced is None or received < announced:
        part = stream.read(_PART if announced is None else min(_PART, announced - received))
        if not part:
            break
        received += len(part)
        if received > limits.sent:
            raise _too_large(limits.sent)
        if time.monotonic() > deadline:
            detail = f"The body did not arrive within {limits.seconds:.0f} seconds. Send it in smaller parts."
            raise Problem(408, "too_slow", detail)
        yield part
    if announced is not None and received < announced:
        raise Problem(
            400, "malformed_body", f"The body ended after {received:,} of {announced:,} bytes. Send it again."
        )


def _decompressed(parts: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """The content of gzip members (RFC 1952), one after the other, in bounded memory whatever a member claims to have."""
    gunzip, size = _Gunzip(), 0
    for part in parts:
        for plain in gunzip.add(part):
            size += len(plain)
            if size > limit:
                raise _too_large(limit)
            yield plain
    if not gunzip.is_complete:
        raise _not_gzip("it is incomplete")


class _Gunzip:
    """Decompresses the members of a file, part by part."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._members = 1

    @property
    def is_complete(self) -> bool:
        return self._member.eof

    def add(self, compressed: bytes) -> Iterator[bytes]:
        rest = compressed
        while rest:
            if self._member.eof:
                self._next_member()
            try:
                plain = self._member.decompress(rest, _PART)
            except zlib.error as error:
                raise _not_gzip(str(error)) from None
            rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if plain:
                yield plain

    def _next_member(self) -> None:
        self._member, self._members = zlib.decompressobj(_GZIP), self._members + 1
        if self._members > _MAX_MEMBERS:
            raise _not_gzip(f"it has more than {_MAX_MEMBERS} parts")


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"The request body is larger than {limit:,} bytes. Split it.")


def _not_gzip(reason: str) -> Problem:
    detail = f"The body could not be decompressed: {reason}. Send it as gzip (RFC 1952), or without Content-Encoding."
    return Problem(400, "malformed_body", detail)
