"""Waiting for a condition, never for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], timeout: float = 30, every: float = 0.05) -> Found:
    """What `look` finds once it finds something true. Fails the test after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {timeout} s in vain; last found {found!r}"
        time.sleep(every)
    return found
