"""Bodies without a Content-Length (chunked): read completely, or rejected.

werkzeug 3.1 reads such a body up to `max_content_length` and returns the truncated rest as if it were complete, so a client
would get 202 for events that were cut off.
"""

from functools import cached_property
from io import BytesIO
from typing import IO

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge


class ChunkedBodyRequest(Request):
    """Flask's request; a body of unknown length is read to its end first, and rejected above the size limit."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body. Raises RequestEntityTooLarge (413) if it is longer than `max_content_length`."""
        limit = self.max_content_length
        if self.content_length is not None or limit is None or "wsgi.input_terminated" not in self.environ:
            return super().stream
        body = _read(self.input_stream, limit + 1)
        if len(body) > limit:
            raise RequestEntityTooLarge
        return BytesIO(body)


def _read(stream: IO[bytes], limit: int) -> bytes:
    """The stream to its end, but at most `limit` bytes; a single `read` may return fewer than are available."""
    body = bytearray()
    while len(body) < limit and (part := stream.read(limit - len(body))):
        body += part
    return bytes(body)
