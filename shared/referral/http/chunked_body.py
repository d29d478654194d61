"""The body of a request: all of it, or none.

Without a Content-Length (chunked) nobody knows beforehand how long a body is. werkzeug 3.1 then reads up to the bound and gives
what it has as if that were all; a caller would be told 202 for events that were cut off.
"""

from functools import cached_property
from io import BytesIO
from typing import IO

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge


class ChunkedBodyRequest(Request):
    """Flask's request; a body of unknown length is read to its end before anybody sees it, and refused above the bound."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body. Raises RequestEntityTooLarge (413) where it is above `max_content_length`."""
        most = self.max_content_length
        if self.content_length is not None or most is None or "wsgi.input_terminated" not in self.environ:
            return super().stream
        body = _read(self.input_stream, most + 1)
        if len(body) > most:
            raise RequestEntityTooLarge
        return BytesIO(body)


def _read(stream: IO[bytes], most: int) -> bytes:
    """The stream to its end, or its first `most` bytes; a single read may give less than there is."""
    body = bytearray()
    while len(body) < most and (part := stream.read(most - len(body))):
        body += part
    return bytes(body)
