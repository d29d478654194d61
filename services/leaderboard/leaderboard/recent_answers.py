"""Answers of a moment ago, by name: a page that many people load at once is computed once."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock
from typing import Generic, TypeVar

Name = TypeVar("Name")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Known(Generic[Answer]):
    answer: Answer
    since_s: float


class RecentAnswers(Generic[Name, Answer]):
    """The `most` answers that were computed last, by name. Thread-safe.

    An answer is returned for `fresh_s` seconds, and while one thread computes the next until it is `stale_s` old.
    So one thread at a time computes an answer of a name; the others wait for it only if there is no answer that may be returned.
    `now` returns seconds that never go back.
    """

    def __init__(self, fresh_s: float, stale_s: float, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._fresh_s, self._stale_s, self._most, self._now = fresh_s, stale_s, most, now
        self._lock = Lock()
        self._known: OrderedDict[Name, _Known[Answer]] = OrderedDict()
        self._running: dict[Name, Event] = {}

    def get(self, name: Name, compute: Callable[[], Answer], wait: Callable[[Event], object] = Event.wait) -> Answer:
        """Returns the answer, computed if need be.

        Raises what `compute` raises; then a thread that waits computes by itself. `wait` waits for the end of a computation of
        another thread; it may raise instead.
        """
        while True:
            with self._lock:
                found = self._find(name)
                if found is not None:
                    return found
                running = self._running.get(name)
                if running is None:
                    done = self._running[name] = Event()
                    break
            wait(running)
        try:
            answer = compute()
            self._keep(name, answer)
            return answer
        finally:
            with self._lock:
                del self._running[name]
            done.set()

    def _find(self, name: Name) -> Answer | None:
        known = self._known.get(name)
        if known is None:
            return None
        lasts_s = self._stale_s if name in self._running else self._fresh_s
        return known.answer if self._now() - known.since_s < lasts_s else None

    def _keep(self, name: Name, answer: Answer) -> None:
        with self._lock:
            self._known[name] = _Known(answer, self._now())
            self._known.move_to_end(name)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
