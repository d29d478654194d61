"""Request bodies with `Content-Encoding: gzip`: decompressed up to the size limit of bodies, or rejected.

https://www.rfc-editor.org/rfc/rfc9110#field.content-encoding
"""

import zlib
from io import BytesIO
from typing import IO

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property

from referral.http.bounded_body import BoundedBodyRequest
from referral.http.problems import Problem

_GZIP = 16 + zlib.MAX_WBITS
_MAX_MEMBERS = 1000  # of a file that was concatenated; each costs a new decompressor


class CompressedBodyRequest(BoundedBodyRequest):
    """A request whose body may be compressed; what reads it gets the plain bytes."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The decompressed body.

        Raises RequestEntityTooLarge (413) if it is longer than `max_content_length` before or after decompression, and Problem
        400 (not gzip) or 415 (another encoding).
        """
        coding = self.headers.get("Content-Encoding", "").strip().lower()
        sent = super().stream
        if coding in ("", "identity"):
            return sent
        if coding not in ("gzip", "x-gzip"):
            detail = f"Send the body with Content-Encoding: gzip, or without; got {coding[:64]!r}."
            raise Problem(415, "unsupported_encoding", detail, headers={"Accept-Encoding": "gzip"})
        return BytesIO(decompress(sent.read(), self.max_content_length))


def decompress(body: bytes, limit: int | None) -> bytes:
    """The content of a gzip body (RFC 1952). Raises RequestEntityTooLarge above `limit` bytes, and Problem 400 if it is not gzip.

    Memory is bounded by the limit, whatever size the body claims to have.
    """
    plain = bytearray()
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP)
        try:
            plain += member.decompress(body, 0 if limit is None else limit + 1 - len(plain))
        except zlib.error as error:
            raise _not_gzip(str(error)) from None
        if limit is not None and len(plain) > limit:
            raise RequestEntityTooLarge
        if not member.eof:
            raise _not_gzip("it is incomplete")
        body = member.unused_data
        if not body:
            return bytes(plain)
    raise _not_gzip(f"it has more than {_MAX_MEMBERS} parts")


def _not_gzip(reason: str) -> Problem:
    detail = f"The body could not be decompressed: {reason}. Send it as gzip (RFC 1952), or without Content-Encoding."
    return Problem(400, "malformed_body", detail)
