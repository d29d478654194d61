"""Requests to WeChat that a page waits for, for three seconds: what they wait for has no time limit of its own.

The look-up of a name and a read of Redis cannot be interrupted, so each request has a thread of its own pool, which goes on when
the page has stopped waiting. Four run at a time: a slow WeChat takes no threads from other pages.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from referral.wechat.client import SceneCode

WITHIN_S = 3.0
MAX_AT_A_TIME = 4


class SceneRequests:
    """Thread-safe. A request that no page waits for any more keeps its place until it ends."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(MAX_AT_A_TIME)
        self._pool = ThreadPoolExecutor(MAX_AT_A_TIME, "join-scenes")

    def wait_for(self, request: Callable[[], Awaitable[SceneCode]]) -> SceneCode:
        """What a request returns. Raises TimeoutError after three seconds, and at once while four others run."""
        if not self._places.acquire(blocking=False):
            raise TimeoutError(f"{MAX_AT_A_TIME} others ask WeChat")
        running = self._pool.submit(lambda: asyncio.run(asyncio.wait_for(request(), WITHIN_S)))
        running.add_done_callback(lambda _: self._places.release())
        return running.result(WITHIN_S)

    def stop(self) -> None:
        """Waits for nothing: what runs is of no use without its page."""
        self._pool.shutdown(wait=False)
