"""The maximum number of moments in a sliding window."""

from bisect import bisect_left
from collections.abc import Iterable


def max_in_window(moments: Iterable[int], at: int, span: int) -> int:
    """Returns the maximum number of moments, `at` among them, in any window of length `span` that contains `at`.

    All are in the same unit. A window is half open: two moments that are `span` apart are never in the same one. Windows before
    and after `at` count alike, so that a referral that arrives late in the middle of a burst is seen as part of it.
    """
    near = sorted([*(moment for moment in moments if at - span < moment < at + span), at])
    last = bisect_left(near, at)
    return max(bisect_left(near, first + span) - index for index, first in enumerate(near[: last + 1]))
