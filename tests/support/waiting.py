"""Polls for a condition with a deadline; tests never sleep for a fixed time instead."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

Found = TypeVar("Found")
_SHORTEST_S, _LONGEST_S = 0.02, 0.2


def wait_until(condition: Callable[[], Found | None], timeout: float = 150, every: float | None = None) -> Found:
    """Returns the first true result of `condition`; fails the test after `timeout` seconds with its last result.

    It is evaluated `every` so many seconds; by default after a tenth of the time that has passed: what is waited for needs the
    processor that a busy poll would take.
    """
    began = time.monotonic()
    while not (found := condition()):
        elapsed = time.monotonic() - began
        assert elapsed < timeout, f"condition not met within {timeout} s; last result {found!r}"
        time.sleep(min(max(elapsed / 10, _SHORTEST_S), _LONGEST_S) if every is None else every)
    return found


def wait_until_equal(read: Callable[[], object], expected: object, timeout: float = 150) -> None:
    """Returns once `read` returns the expected value; otherwise fails with a comparison to its last result."""
    last: list[object] = []

    def matches() -> bool:
        last[:] = [read()]
        return last == [expected]

    try:
        wait_until(matches, timeout)
    except AssertionError:
        assert last == [expected]


def is_ready(client: httpx.Client) -> bool:
    """Returns whether the client's service answers 200 at /readyz."""
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def is_within(seconds: float, since: float) -> bool:
    """Returns whether less than `seconds` have passed since a time of `time.monotonic`.

    On a machine whose cores are all busy the limit grows with how much slower than its own CPU time this process runs, so that
    a promise of a response time is checked strictly where it can be.
    """
    elapsed = time.monotonic() - since
    return elapsed < seconds or elapsed < seconds * _slowdown()


def _slowdown() -> float:
    """Returns 1 if a core is free, otherwise twice the ratio of wall time to CPU time of a short computation."""
    began, cpu_began = time.monotonic(), time.thread_time()
    while time.thread_time() - cpu_began < 0.2:
        pass
    ratio = (time.monotonic() - began) / 0.2
    return 1.0 if ratio < 1.2 else 2 * ratio
