"""How many requests may do something slow or expensive at the same time: by caller, and in all."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from referral.http.problems import Problem


class ConcurrencyLimit:
    """Counts the requests of a process that are inside `hold`. A request above a limit is answered at once; none waits."""

    def __init__(self, name: str, total: int) -> None:
        """`name` is what the requests do, for error messages: "request bodies being read"."""
        self._name = name
        self._total = total
        self._lock = threading.Lock()
        self._by_caller: Counter[str] = Counter()
        self._held = 0

    @contextmanager
    def hold(self, caller: str, most: int) -> Iterator[None]:
        """Counts this request for the block.

        Raises Problem 429 if the caller has `most` requests inside already, 503 if all callers together have `total`.
        """
        with self._lock:
            if self._by_caller[caller] >= most:
                raise self._problem(429, "rate_limited", f"{most} of one caller")
            if self._held >= self._total:
                raise self._problem(503, "unavailable", f"{self._total} of all callers")
            self._by_caller[caller] += 1
            self._held += 1
        try:
            yield
        finally:
            with self._lock:
                self._held -= 1
                self._by_caller[caller] -= 1
                if not self._by_caller[caller]:
                    del self._by_caller[caller]

    def _problem(self, status: int, code: str, limit: str) -> Problem:
        detail = f"Too many {self._name}: at most {limit} at the same time. Retry after `Retry-After` seconds."
        return Problem(status, code, detail, headers={"Retry-After": "1"})
