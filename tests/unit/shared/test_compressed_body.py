"""Compressed request bodies: the content, or an error, in bounded memory."""

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import RequestEntityTooLarge

from referral.http.compressed_body import decompress
from referral.http.problems import Problem


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_the_content_is_what_was_compressed(parts: list[bytes]) -> None:
    """Also of several files that were concatenated."""
    content = b"".join(parts)
    assert decompress(b"".join(map(gzip.compress, parts)), len(content)) == content
    assert decompress(gzip.compress(content), None) == content


def test_a_body_that_expands_without_bound_is_rejected_in_bounded_memory() -> None:
    """A megabyte of gzip can hold a gigabyte."""
    bomb = gzip.compress(bytes(200_000_000), 9)
    tracemalloc.start()
    with pytest.raises(RequestEntityTooLarge):
        decompress(bomb, 1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_body_of_many_empty_parts_is_rejected() -> None:
    """Each part costs time, however small it is."""
    with pytest.raises(Problem, match="parts"):
        decompress(gzip.compress(b"") * 50_000, 1_000_000)


@given(st.binary(max_size=200))
def test_other_bytes_are_a_problem(body: bytes) -> None:
    """Never an internal error."""
    with pytest.raises(Problem) as caught:
        decompress(body, 1000)
    assert (caught.value.status, caught.value.code) == (400, "malformed_body")


@pytest.mark.parametrize("cut", [1, 8, 12])
def test_an_incomplete_body_is_a_problem(cut: int) -> None:
    """What is missing may be events."""
    with pytest.raises(Problem, match="incomplete"):
        decompress(gzip.compress(b"x" * 500)[:-cut], 1000)
