"""The ratio of two totals over people, how certain it is, and the bounds of one ratio over another, from exact fractions.

The formulas are those of docs/experiments.md, written down again from the papers that it names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log, sqrt
from statistics import NormalDist

from scipy.special import gammaincc

ALPHA = 0.05
_TUNED_FOR = 1000  # people at which the confidence sequence is narrowest


@dataclass(frozen=True, slots=True)
class PairTotals:
    """Sums over `n` people of what was counted (x), their impressions (y), squares and products."""

    n: int = 0
    x: int = 0
    y: int = 0
    xx: int = 0
    yy: int = 0
    xy: int = 0

    @property
    def ratio(self) -> Fraction | None:
        """Counted per impression; None without an impression."""
        return Fraction(self.x, self.y) if self.y else None

    @property
    def log_variance(self) -> float | None:
        """The variance of the ratio's logarithm; None where there is none.

        Deng, Knoblich, Lu (2018): the ratio is the mean of (x - R·y) / mean(y) over people, plus R; of a logarithm it is that
        variance divided by R².
        """
        ratio = self.ratio
        if not ratio or self.n < 2:
            return None
        squares = (self.xx - 2 * ratio * self.xy + ratio**2 * self.yy) / Fraction(self.y, self.n) ** 2
        return float(squares / (self.n - 1) / self.n / ratio**2) or None


@dataclass(frozen=True, slots=True)
class Bounds:
    """By how much a ratio is above another, 0.5 is 50% more, with bounds that are valid at any look."""

    value: float
    low: float
    high: float


def totals_of(pairs: Iterable[tuple[int, int]]) -> PairTotals:
    """Returns the sums over people, given as (counted, impressions)."""
    known = list(pairs)
    sums = (sum(x**a * y**b for x, y in known) for a, b in ((1, 0), (0, 1), (2, 0), (0, 2), (1, 1)))
    return PairTotals(len(known), *sums)


def bounds(treatment: PairTotals, control: PairTotals, comparisons: int) -> Bounds | None:
    """Returns the uplift of a ratio over another with its confidence sequence; None without a variance of both.

    Waudby-Smith et al. (2024), equation 9; ρ² by their equation 161.
    """
    variances = treatment.log_variance, control.log_variance
    if variances[0] is None or variances[1] is None or not treatment.ratio or not control.ratio:
        return None
    alpha, people = ALPHA / comparisons, treatment.n + control.n
    rho_squared = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / _TUNED_FOR
    mixed = people * rho_squared + 1
    factor = sqrt(2 * mixed / (mixed - 1) * log(sqrt(mixed) / alpha))
    half, quotient = factor * sqrt(variances[0] + variances[1]), float(treatment.ratio / control.ratio)
    return Bounds(quotient - 1, quotient * exp(-half) - 1, quotient * exp(half) - 1)


def split_probability(people: Sequence[int], weights: Sequence[int]) -> float:
    """Returns the probability of a split at least as uneven, if the weights decide (Pearson's χ²); 1 without people."""
    expected = [Fraction(sum(people) * weight, sum(weights)) for weight in weights]
    if not sum(people):
        return 1.0
    statistic = sum((found - one) ** 2 / one for found, one in zip(people, expected, strict=True))
    return float(gammaincc((len(people) - 1) / 2, float(statistic) / 2))


def wilson(cases: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Returns Wilson's interval of a proportion; (0, 1) without cases."""
    if not n:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    center, half = cases + z * z / 2, z * sqrt(cases * (n - cases) / n + z * z / 4)
    return max((center - half) / (n + z * z), 0.0), min((center + half) / (n + z * z), 1.0)
