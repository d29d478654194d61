"""Where the threads and tasks of a process are."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator

from referral.log.stacks import task_stacks, thread_stacks


def test_a_thread_that_waits_is_named_with_what_it_waits_in() -> None:
    """The innermost frame first."""
    going_on = threading.Event()

    def wait_for_it() -> None:
        going_on.wait()

    thread = threading.Thread(target=wait_for_it, name="patient")
    thread.start()
    try:
        [line] = [one for one in thread_stacks() if one.startswith("thread patient: ")]
        assert line.index(" wait < ") < line.index(" wait_for_it")
    finally:
        going_on.set()
        thread.join()


def test_a_task_that_waits_is_named_with_what_it_awaits() -> None:
    """Through coroutines and asynchronous generators, in a loop of whatever thread."""

    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    async def numbers() -> AsyncIterator[int]:
        await never()
        yield 1

    async def outer() -> None:
        async for _ in numbers():
            pass

    async def look() -> list[str]:
        task = asyncio.create_task(outer(), name="patient")
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        found = await asyncio.to_thread(task_stacks, loop)
        task.cancel()
        return found

    [line] = [one for one in asyncio.run(look()) if one.startswith("task patient: ")]
    assert re.findall(r"test_stacks\.py:\d+ (\w+)", line) == ["never", "numbers", "outer"]
