"""Medians: how certain the middle of a distribution of any form is."""

from scipy.special import bdtr


def median_ranks(n: int, alpha: float) -> tuple[int, int] | None:
    """Returns the ranks, from 1, of the two values that bound the median at level 1 - alpha; None if there are too few values.

    The number of values below the median is binomial with probability 1/2, whatever the distribution: W. J. Conover, "Practical
    Nonparametric Statistics", 3rd edition (1999), section 3.2. The bounds are the r-th value and the r-th from the end, with the
    largest r for which P(B < r) <= alpha / 2.
    """
    rank = 0
    while float(bdtr(rank, n, 0.5)) <= alpha / 2:
        rank += 1
    return (rank, n + 1 - rank) if rank else None
