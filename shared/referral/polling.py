"""Waiting for what another process does: a fold that has a line, another request that ends."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.002, 0.025


def poll(read: Callable[[], Result | None], seconds: float) -> Result | None:
    """Returns the first result of `read` that is not None; None if there is none within this time.

    It is read at least once, and at growing intervals of 2 to 25 ms. Raises what `read` raises.
    """
    deadline, pause_s = time.monotonic() + seconds, _FIRST_PAUSE_S
    while (result := read()) is None:
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0:
            return None
        time.sleep(min(pause_s, remaining_s))
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
    return result


def becomes_true(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition holds within this time."""
    return poll(lambda: condition() or None, seconds) is not None
