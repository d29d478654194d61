"""Estimates of insights with their 95% intervals, by the formulas that docs/insights.md names, written down again."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, comb, exp, sqrt
from statistics import NormalDist, mean, median, stdev

from scipy.special import chdtri, stdtrit

from referral_tools.oracle.experiment_bounds import wilson

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Insight:
    """A value with its 95% interval and the number of cases; None where there is none."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


def count_of(number: int) -> Insight:
    """Returns a complete count."""
    return Insight(number, number)


def share_of(cases: int, n: int) -> Insight:
    """Returns a proportion, with Wilson's bounds."""
    return Insight(cases / n, n, *wilson(cases, n)) if n else Insight(None, 0)


def rate_of(events: int, exposure: int) -> Insight:
    """Garwood (1936): quantiles of χ² with 2·events and 2·events + 2 degrees of freedom."""
    if not exposure:
        return Insight(None, 0)
    low = chdtri(2 * events, 0.975) / 2 if events else 0.0
    return Insight(
        events / exposure, exposure, float(low) / exposure, float(chdtri(2 * events + 2, 0.025)) / 2 / exposure
    )


def odds_of(cases: int, others: int) -> Insight:
    """Returns cases for each of the others; the bounds are those of the proportion p as p / (1 - p)."""
    if not others:
        return Insight(None, cases)
    low, high = (p / (1 - p) for p in wilson(cases, cases + others))
    return Insight(cases / others, cases + others, low, high)


def mean_of(values: Sequence[int]) -> Insight:
    """Student (1908), not below 0."""
    n = len(values)
    if n < 2:
        return Insight(float(values[0]) if n else None, n)
    half = float(stdtrit(n - 1, 0.975)) * stdev(values) / sqrt(n)
    return Insight(mean(values), n, max(mean(values) - half, 0.0), mean(values) + half)


def quotient_of(cases: int, n: int, other_cases: int, other_n: int) -> Insight:
    """The quotient of two proportions, with the interval of its logarithm by Katz and others (1978)."""
    least = min(n, other_n)
    if not min(cases, other_cases):
        return Insight(None, least)
    value = (cases / n) / (other_cases / other_n)
    width = exp(_Z * sqrt(1 / cases - 1 / n + 1 / other_cases - 1 / other_n))
    return Insight(value, least, value / width, value * width)


def median_of(values: Sequence[int]) -> Insight:
    """The bounds are the r-th value from each end, with the largest r for which P(B < r) <= 2.5%, B binomial with 1/2."""
    ordered, n = sorted(values), len(values)
    if not n:
        return Insight(None, 0)
    rank, below = 0, 1  # `below` is the number of outcomes, of 2ⁿ, with fewer than rank + 1 values below the median
    while below * 40 <= 2**n:
        rank += 1
        below += comb(n, rank)
    if not rank:
        return Insight(median(ordered), n)
    return Insight(median(ordered), n, ordered[rank - 1], ordered[n - rank])


def top_tenth_of(counts: Sequence[int]) -> Insight:
    """The share of the best tenth, rounded up; its variance by the delta method, with those of the tenth taken as given."""
    ordered, n, total = sorted(counts, reverse=True), len(counts), sum(counts)
    if not n:
        return Insight(None, 0)
    top = ceil(n / 10)
    value = sum(ordered[:top]) / total
    if n < 2:
        return Insight(value, n)
    residuals = [(one if rank < top else 0) - value * one for rank, one in enumerate(ordered)]
    half = _Z * sqrt(n / (n - 1) * sum(one * one for one in residuals)) / total
    return Insight(value, n, max(value - half, 0.0), min(value + half, 1.0))
