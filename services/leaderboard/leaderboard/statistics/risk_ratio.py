"""Quotients of two proportions: how many times as likely one is as the other."""

import math

from scipy.special import ndtri


def risk_ratio_interval(
    cases: int, n: int, other_cases: int, other_n: int, alpha: float
) -> tuple[float, float, float] | None:
    """Returns the quotient of `cases` / `n` and `other_cases` / `other_n`, and its bounds at level 1 - alpha; None without cases.

    The Wald interval of the logarithm: D. Katz, J. Baptista, S. P. Azen, M. C. Pike, "Obtaining confidence intervals for the risk
    ratio in cohort studies", Biometrics 34 (1978), method C.
    """
    if min(cases, n, other_cases, other_n) <= 0:
        return None
    ratio = (cases / n) / (other_cases / other_n)
    error = math.sqrt(max(1 / cases - 1 / n + 1 / other_cases - 1 / other_n, 0.0))
    half = -float(ndtri(alpha / 2)) * error
    return ratio, ratio * math.exp(-half), ratio * math.exp(half)
