"""Waiting for a condition, never for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], timeout: float = 30, every: float = 0.05) -> Found:
    """What `look` finds once it finds something true. Fails the test after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {timeout} s in vain; last found {found!r}"
        time.sleep(every)
    return found


def until_equal(look: Callable[[], object], expected: object, timeout: float = 45) -> None:
    """Returns once `look` gives what is expected; fails with what it gave last instead."""
    last: list[object] = []

    def met() -> bool:
        last[:] = [look()]
        return last == [expected]

    try:
        until(met, timeout)
    except AssertionError:
        assert last == [expected]


def ready(client: httpx.Client) -> bool:
    """Whether the service that a client talks to says that it is ready."""
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
