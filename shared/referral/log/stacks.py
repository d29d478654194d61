"""Where each thread and each asyncio task of this process is: what a process that is stuck says before it ends."""

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator
from inspect import isasyncgen
from itertools import islice
from types import FrameType

MOST_STACKS = 100
_MOST_FRAMES = 12
_MOST_AWAITED = 1000


def thread_stacks() -> list[str]:
    """Returns a line for each thread: its name, and where it is, the innermost frame first. At most `MOST_STACKS`."""
    names = {one.ident: one.name for one in threading.enumerate()}
    frames = list(sys._current_frames().items())[:MOST_STACKS]
    return [f"thread {names.get(ident, '?')}: {_line(_callers(frame))}" for ident, frame in frames]


def task_stacks(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Returns a line for each task of a loop of any thread: where it waits, the innermost frame first. At most `MOST_STACKS`."""
    tasks = list(asyncio.all_tasks(loop))[:MOST_STACKS]
    return [f"task {one.get_name()}: {_line(reversed(list(_awaited(one.get_coro()))))}" for one in tasks]


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _awaited(awaitable: object) -> Iterator[FrameType]:
    """The frames of a coroutine, or of a generator that is used as one, and of those that it awaits, outermost first."""
    for _ in range(_MOST_AWAITED):
        frame = _first(awaitable, "cr_frame", "gi_frame", "ag_frame")
        if isinstance(frame, FrameType):
            yield frame
            awaitable = _first(awaitable, "cr_await", "gi_yieldfrom", "ag_await")
        else:  # a step of an asynchronous generator names it to the garbage collector alone
            awaitable = next((one for one in gc.get_referents(awaitable) if isasyncgen(one)), None)
        if awaitable is None:
            return


def _first(holder: object, *names: str) -> object:
    return next((found for name in names if (found := getattr(holder, name, None)) is not None), None)


def _line(frames: Iterator[FrameType]) -> str:
    shown = islice((f"{one.f_code.co_filename}:{one.f_lineno} {one.f_code.co_name}" for one in frames), _MOST_FRAMES)
    return " < ".join(shown) or "not started"
