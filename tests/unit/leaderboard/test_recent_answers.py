"""Answers of a moment ago: computed once for all who ask at the same time, and not kept for longer than declared."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event

import pytest

from leaderboard.recent_answers import RecentAnswers

FRESH_S, STALE_S, MOST = 2.0, 5.0, 3


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def answers(clock: Clock) -> RecentAnswers[str, int]:
    """Returns an empty cache on this clock."""
    return RecentAnswers(FRESH_S, STALE_S, MOST, clock)


def numbering() -> Callable[[], int]:
    """Returns what counts how often it computes, from 1."""
    numbers = count(1)
    return lambda: next(numbers)


def refuse(_: Event) -> None:
    """Does not wait."""
    raise TimeoutError


def test_an_answer_is_computed_again_once_it_is_too_old() -> None:
    """Not a moment earlier; other names have answers of their own."""
    clock, compute = Clock(), numbering()
    cache = answers(clock)
    assert (cache.get("a", compute), cache.get("b", compute)) == (1, 2)
    clock.now_s = FRESH_S - 0.1
    assert cache.get("a", compute) == 1
    clock.now_s = FRESH_S
    assert cache.get("a", compute) == 3


def test_no_more_answers_are_kept_than_declared() -> None:
    """Those that were computed last."""
    cache, compute = answers(Clock()), numbering()
    for name in "abcd":
        cache.get(name, compute)
    assert [cache.get(name, compute) for name in "bcda"] == [2, 3, 4, 5]


def test_while_one_thread_computes_the_others_get_the_last_answer_until_it_is_stale() -> None:
    """Only without such an answer they wait, and then get the new one."""
    clock, compute = Clock(), numbering()
    cache = answers(clock)
    cache.get("a", compute)
    clock.now_s = FRESH_S
    begun, may_end = Event(), Event()

    def slow() -> int:
        begun.set()
        assert may_end.wait(150)
        return compute()

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(cache.get, "a", slow)
        assert begun.wait(150)
        assert cache.get("a", compute) == 1
        clock.now_s = STALE_S
        with pytest.raises(TimeoutError):
            cache.get("a", compute, refuse)
        waiting = [threads.submit(cache.get, "a", compute) for _ in range(3)]
        may_end.set()
        assert [one.result(30) for one in (first, *waiting)] == [2, 2, 2, 2]


def test_who_waits_for_a_computation_that_fails_computes_by_themselves() -> None:
    """The error is of the thread that computed; nothing is kept of it."""
    cache, compute = answers(Clock()), numbering()
    begun, may_end = Event(), Event()

    def failing() -> int:
        begun.set()
        assert may_end.wait(150)
        raise LookupError

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(cache.get, "a", failing)
        assert begun.wait(150)
        second = threads.submit(cache.get, "a", compute)
        may_end.set()
        with pytest.raises(LookupError):
            first.result(30)
        assert second.result(30) == 1
