"""How many threads may compute what reads many people, or wait for it: the others stay free for boards, pages and streams."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event
from typing import TypeVar

from leaderboard.domain.figure_table import FIGURES, Dimension, FigureId, Source
from leaderboard.recent_answers import RecentAnswers
from referral.http.concurrency_limit import ConcurrencyLimit
from referral.http.problems import Problem

Name = TypeVar("Name")
Answer = TypeVar("Answer")
_COSTLY: frozenset[Source] = frozenset({"referrals", "shares", "spread"})
"""What is read of each person. Everything else is sums by day, in some milliseconds."""
WAIT_S = 10.0
"""A request waits so long for what another one computes."""


class CostlyReads:
    """Of the `threads` of a process one caller (key, operator or link) may hold a quarter, and all callers together half.

    Further three eighths may wait for what one of these computes.
    """

    def __init__(self, threads: int) -> None:
        self._limit = ConcurrencyLimit("figures that read many people", max(1, threads // 2))
        self._most = max(1, threads // 4)
        self._most_waiting = max(1, threads * 3 // 8)
        self._waiting = ConcurrencyLimit("requests that wait for the same page", self._most_waiting)

    def hold(self, caller: str) -> AbstractContextManager[None]:
        """Counts this request for the block. Raises Problem 429 beyond a quarter, 503 beyond half."""
        return self._limit.hold(caller, self._most)

    def share(
        self, answers: RecentAnswers[Name, Answer], name: Name, compute: Callable[[], Answer], caller: str
    ) -> Answer:
        """Returns the answer of this name, computed for this caller, or for another one now or a moment ago.

        Raises what `compute` raises, and Problem 429 or 503 if this caller or all of them compute or wait for too much.
        """

        def computed() -> Answer:
            with self.hold(caller):
                return compute()

        return answers.get(name, computed, self.waiting(caller))

    def waiting(self, caller: str) -> Callable[[Event], None]:
        """Returns what lets this request wait for what others compute, in all for WAIT_S.

        It raises Problem 429 or 503 if three eighths of the threads wait, and 503 after that time.
        """
        until_s = time.monotonic() + WAIT_S

        def wait(is_computed: Event) -> None:
            with self._waiting.hold(caller, self._most_waiting):
                if not is_computed.wait(max(0.0, until_s - time.monotonic())):
                    detail = f"This takes longer than {WAIT_S:.0f} seconds now. Retry after `Retry-After` seconds."
                    raise Problem(503, "unavailable", detail, headers={"Retry-After": "5"})

        return wait


def is_costly(figure: FigureId, by: Dimension | None) -> bool:
    """Whether a figure, split in this way, reads each person."""
    split = FIGURES[figure].by.get(by) if by else None
    return bool(_COSTLY & (FIGURES[figure].reads | (split.reads if split else frozenset())))
