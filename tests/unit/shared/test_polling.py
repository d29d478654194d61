"""Waiting for what another process does."""

import time
from collections.abc import Iterator

from referral.polling import becomes_true, poll


def _answers(*values: int | None) -> Iterator[int | None]:
    yield from values


def test_the_first_result_ends_the_wait() -> None:
    """Also one that is false as a condition."""
    answers = _answers(None, None, 0, 1)
    assert poll(lambda: next(answers), 60) == 0
    assert next(answers) == 1


def test_without_a_result_the_wait_ends_in_time() -> None:
    """It is read at least once, also if there is no time."""
    reads = list[int]()
    assert poll(lambda: reads.append(1), 0) is None
    assert reads == [1]
    began = time.monotonic()
    assert not becomes_true(lambda: bool(reads.append(1)), 0.05)
    assert time.monotonic() - began >= 0.05
    assert len(reads) > 3


def test_a_condition_that_holds_is_true() -> None:
    """At the first look, or later."""
    answers = iter([False, False, True])
    assert becomes_true(lambda: next(answers), 60)
