"""Means over people: how certain they are."""

import math

from scipy.special import stdtrit


def mean_interval(n: int, total: int, squares: int, alpha: float) -> tuple[float, float] | None:
    """Returns the bounds of `total` / n at level 1 - alpha, from the sum and the sum of squares over n people; None below two.

    Student's interval: "Student", "The probable error of a mean", Biometrika 6 (1908). The numerator of the variance,
    n·Σx² - (Σx)², is computed in integers, so nothing cancels.
    """
    if n < 2:
        return None
    variance = (n * squares - total * total) / (n * (n - 1))
    half = float(stdtrit(n - 1, 1 - alpha / 2)) * math.sqrt(variance / n)
    return total / n - half, total / n + half
