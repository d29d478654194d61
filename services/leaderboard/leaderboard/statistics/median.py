"""Medians: how certain the middle of a distribution of any form is."""

from bisect import bisect_right

from scipy.special import bdtr


def median_ranks(n: int, alpha: float) -> tuple[int, int] | None:
    """Returns the ranks, from 1, of the two values that bound the median at level 1 - alpha; None if there are too few values.

    The number of values below the median is binomial with probability 1/2, whatever the distribution: W. J. Conover, "Practical
    Nonparametric Statistics", 3rd edition (1999), section 3.2. The bounds are the r-th value and the r-th from the end, with the
    largest r for which P(B < r) <= alpha / 2.
    """
    rank = bisect_right(range(n // 2 + 1), alpha / 2, key=lambda below: float(bdtr(below, n, 0.5)))
    return (rank, n + 1 - rank) if rank else None
