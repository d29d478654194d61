"""QR codes and posters: drawn a few at a time, and kept, so that requests for pictures never slow down redirects."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import BoundedSemaphore, Lock

DRAWING = 2  # at a time: drawing occupies a core
_ADMITTED = 8  # drawing or waiting for their turn
_TURN_TIMEOUT_S = 2.0
_MAX_KEPT = 16 * 1024 * 1024  # bytes
RETRY_AFTER_S = 2


class Busy(Exception):
    """Too many pictures are being drawn."""


class Pictures:
    """The pictures of a process, the most recently used first to stay."""

    def __init__(self, max_kept: int = _MAX_KEPT) -> None:
        self._max_kept = max_kept
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0
        self._lock = Lock()
        self._admitted = BoundedSemaphore(_ADMITTED)
        self._drawing = BoundedSemaphore(DRAWING)

    def find(self, key: Hashable) -> bytes | None:
        """The picture that was drawn for this key before, if it is still kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def draw(self, key: Hashable, paint: Callable[[], bytes]) -> bytes:
        """The picture for this key. Raises Busy, at once if many requests wait already, and what `paint` raises."""
        if not self._admitted.acquire(blocking=False):
            raise Busy
        try:
            if not self._drawing.acquire(timeout=_TURN_TIMEOUT_S):
                raise Busy
            try:
                return self.find(key) or self._keep(key, paint())
            finally:
                self._drawing.release()
        finally:
            self._admitted.release()

    def _keep(self, key: Hashable, picture: bytes) -> bytes:
        with self._lock:
            self._size += len(picture) - len(self._kept.pop(key, b""))
            self._kept[key] = picture
            while self._size > self._max_kept:
                self._size -= len(self._kept.popitem(last=False)[1])
        return picture
