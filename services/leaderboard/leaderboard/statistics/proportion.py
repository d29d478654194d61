"""Proportions: how certain a share of cases is, and by how much two shares differ."""

import math

from scipy.special import ndtri


def wilson_interval(cases: int, n: int, alpha: float) -> tuple[float, float]:
    """Returns the bounds of the proportion `cases` of `n` at level 1 - alpha; (0, 1) without cases to look at.

    The score interval: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927); it
    keeps its level for few cases and for proportions near 0 and 1 (L. Brown, T. Cai, A. DasGupta, Statistical Science 16, 2001).
    """
    if not n:
        return 0.0, 1.0
    z, share = float(ndtri(1 - alpha / 2)), cases / n
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0)


def difference_interval(cases: int, n: int, other_cases: int, other_n: int, alpha: float) -> tuple[float, float]:
    """Returns the bounds of `cases` / `n` - `other_cases` / `other_n` at level 1 - alpha; (-1, 1) if one has no cases to look at.

    The hybrid score interval of independent proportions: R. G. Newcombe, "Interval estimation for the difference between
    independent proportions", Statistics in Medicine 17 (1998), method 10.
    """
    if not n or not other_n:
        return -1.0, 1.0
    share, other = cases / n, other_cases / other_n
    low, high = wilson_interval(cases, n, alpha)
    other_low, other_high = wilson_interval(other_cases, other_n, alpha)
    difference = share - other
    return (
        difference - math.hypot(share - low, other_high - other),
        difference + math.hypot(high - share, other - other_low),
    )
