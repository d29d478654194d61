"""Request bodies: read completely or rejected, within the size limit, and by a bounded number of threads.

werkzeug 3.1 reads a body without a Content-Length (chunked) up to `max_content_length` and returns the truncated rest as if it
were complete, so a client would get 202 for events that were cut off.

A client that sends half a body occupies a thread until it disconnects: the server has no time limit for bodies. Therefore
callers may only occupy a part of the threads in this way; the others serve redirects and reads. The front door reads bodies
before a service sees them, so behind it these limits are never reached.
"""

from contextlib import AbstractContextManager
from io import BytesIO
from typing import IO

from flask import Request, current_app, g
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property  # that of functools lets one thread at a time read a body, in Python 3.11

from referral.http.concurrency_limit import ConcurrencyLimit


class BodyReaders:
    """The threads that may wait for bodies: three quarters of all; half for one API key, a quarter for all without a key."""

    def __init__(self, threads: int) -> None:
        self._limit = ConcurrencyLimit("request bodies being read", max(1, threads * 3 // 4))
        self._key = max(1, threads // 2)
        self._without_key = max(1, threads // 4)

    def reading(self, key: str | None) -> AbstractContextManager[None]:
        """Counts a thread while it reads a body; `key` is the id of a valid API key. Raises Problem 429 or 503."""
        return self._limit.hold(key or "", self._key if key else self._without_key)


class BoundedBodyRequest(Request):
    """Flask's request; its body is read to the end before a view sees it, and rejected above the size limit."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body. Raises RequestEntityTooLarge (413) if it is longer than `max_content_length`, Problem 429 or 503."""
        chunked = self.content_length is None and "wsgi.input_terminated" in self.environ
        if not chunked and not self.content_length:
            return super().stream
        readers: BodyReaders = current_app.extensions["referral"].body_readers
        key = g.get("key")
        with readers.reading(key.id if key else None):
            return BytesIO(self._read_chunked() if chunked else super().stream.read())

    def _read_chunked(self) -> bytes:
        limit = self.max_content_length
        if limit is None:
            return self.input_stream.read()
        body = _read(self.input_stream, limit + 1)
        if len(body) > limit:
            raise RequestEntityTooLarge
        return body


def _read(stream: IO[bytes], limit: int) -> bytes:
    """The stream to its end, but at most `limit` bytes; a single `read` may return fewer than are available."""
    body = bytearray()
    while len(body) < limit and (part := stream.read(limit - len(body))):
        body += part
    return bytes(body)
