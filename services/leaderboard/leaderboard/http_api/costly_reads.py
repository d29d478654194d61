"""How many threads may compute what reads many people at the same time: the others stay free for boards, pages and streams."""

from contextlib import AbstractContextManager

from leaderboard.domain.figure_table import FIGURES, Dimension, FigureId, Source
from referral.http.concurrency_limit import ConcurrencyLimit

_COSTLY: frozenset[Source] = frozenset({"referrals", "shares", "spread"})
"""What is read of each person. Everything else is sums by day, in some milliseconds."""


class CostlyReads:
    """Of the `threads` of a process one caller (key, operator or link) may hold a quarter, and all callers together half."""

    def __init__(self, threads: int) -> None:
        self._limit = ConcurrencyLimit("figures that read many people", max(1, threads // 2))
        self._most = max(1, threads // 4)

    def hold(self, caller: str) -> AbstractContextManager[None]:
        """Counts this request for the block. Raises Problem 429 beyond a quarter, 503 beyond half."""
        return self._limit.hold(caller, self._most)


def is_costly(figure: FigureId, by: Dimension | None) -> bool:
    """Whether a figure, split in this way, reads each person."""
    split = FIGURES[figure].by.get(by) if by else None
    return bool(_COSTLY & (FIGURES[figure].reads | (split.reads if split else frozenset())))
