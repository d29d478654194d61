"""How dense moments lie."""

from bisect import bisect_left
from collections.abc import Iterable


def max_in_window(moments: Iterable[int], at: int, span: int) -> int:
    """The most of these moments and `at` that lie in one stretch of `span` which holds `at`; all in one unit.

    A stretch is half open: two moments that are `span` apart never lie in one. Stretches before and after `at` count alike, so
    that what arrives late in the midst of a burst is seen as part of it.
    """
    near = sorted([*(one for one in moments if at - span < one < at + span), at])
    last = bisect_left(near, at)
    return max(bisect_left(near, first + span) - place for place, first in enumerate(near[: last + 1]))
