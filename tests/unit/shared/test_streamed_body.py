"""A body that is read in parts: within its limits, decompressed, complete or refused."""

import gzip
from io import BytesIO

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from referral.http.problems import Problem
from referral.http.streamed_body import BodyLimits, body_parts

LIMITS = BodyLimits(sent=1_000, plain=100_000, seconds=60)


class _Trickle(BytesIO):
    """A stream that returns a few bytes at a time, as a network does."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(7, size) if size and size > 0 else 7)


def _request(body: bytes, length: int | None = None, encoding: str = "") -> Request:
    environ = EnvironBuilder(method="PUT", headers={"Content-Encoding": encoding} if encoding else {}).get_environ()
    environ["wsgi.input"] = _Trickle(body)
    environ.pop("CONTENT_LENGTH", None)
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    return Request(environ)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_every_byte_arrives_compressed_or_not(members: list[bytes], compressed: bool, announced: bool) -> None:
    """Also a file of several gzip members."""
    body = b"".join(map(gzip.compress, members)) if compressed else b"".join(members)[:1_000]
    request = _request(body, len(body) if announced else None, "gzip" if compressed else "")
    limits = BodyLimits(sent=10_000, plain=10_000, seconds=60)
    assert b"".join(body_parts(request, limits)) == (b"".join(members) if compressed else body)


@pytest.mark.parametrize(
    ("body", "length", "encoding", "status"),
    [
        (b"x" * 1_001, None, "", 413),
        (b"", 1_001, "", 413),
        (gzip.compress(b"x" * 100_001), None, "gzip", 413),
        (b"x" * 10, 20, "", 400),
        (gzip.compress(b"x" * 50)[:-4], None, "gzip", 400),
        (b"no gzip", None, "gzip", 400),
        (b"x", None, "br", 415),
    ],
)
def test_a_body_beyond_its_limits_or_cut_off_is_refused(
    body: bytes, length: int | None, encoding: str, status: int
) -> None:
    """A small compressed body cannot claim any size; one that is cut off is never taken for complete."""
    with pytest.raises(Problem) as refused:
        for _ in body_parts(_request(body, length, encoding), LIMITS):
            pass
    assert refused.value.status == status


def test_a_body_that_takes_too_long_is_refused() -> None:
    """A slow client occupies a thread."""
    with pytest.raises(Problem, match="did not arrive within"):
        list(body_parts(_request(b"x" * 100), BodyLimits(1_000, 1_000, seconds=-1)))
