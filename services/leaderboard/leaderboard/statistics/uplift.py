"""Relative uplift of one ratio over another, with an interval for one look and a confidence sequence for any number of looks."""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from leaderboard.statistics.ratio import PairSums, relative_variance


@dataclass(frozen=True, slots=True)
class Uplift:
    """By how much a ratio is above another: 0.5 is 50% more, -0.2 is 20% less. `low` and `high` bound it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LogRatio:
    """The logarithm of the quotient of two ratios, its variance, and over how many people."""

    value: float
    variance: float
    people: int


def log_ratio(treatment: PairSums, control: PairSums) -> LogRatio | None:
    """Returns log(R_treatment / R_control); None if either has no variance (see `relative_variance`).

    By the delta method its variance is the sum of the relative variances: Deng, Knoblich, Lu (2018), section 3.1. On this scale
    the estimate is closer to normal than the quotient is, and no bound is below -100%.
    """
    variances = relative_variance(treatment), relative_variance(control)
    if variances[0] is None or variances[1] is None:
        return None
    value = math.log(treatment.x) - math.log(treatment.y) - math.log(control.x) + math.log(control.y)
    return LogRatio(value, variances[0] + variances[1], treatment.n + control.n)


def interval(estimate: LogRatio, alpha: float) -> Uplift:
    """Returns the uplift with its interval at level 1 - alpha, for a single look at a time fixed beforehand.

    The Wald interval of the logarithm, as J. Katz et al. (1978) for a ratio of proportions.
    """
    return _uplift(estimate, -float(ndtri(alpha / 2)) * math.sqrt(estimate.variance))


def confidence_sequence(estimate: LogRatio, alpha: float, tuned_for: int) -> Uplift:
    """Returns the uplift with bounds that hold at all looks together with probability 1 - alpha, however many there are.

    I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform central limit theory and asymptotic confidence
    sequences", Annals of Statistics 52 (2024), equation 9 of arXiv:2103.06476v7:

        σ̂_t · sqrt(2·(tρ² + 1) / (t²ρ²) · log(sqrt(tρ² + 1) / α))

    with t people and σ̂_t² = t · variance. ρ makes it narrowest at `tuned_for` people: equation 161 there.
    """
    rho_squared = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuned_for
    scale = estimate.people * rho_squared
    width = math.sqrt(2 * (scale + 1) / scale * math.log(math.sqrt(scale + 1) / alpha))
    return _uplift(estimate, width * math.sqrt(estimate.variance))


def _uplift(estimate: LogRatio, half_width: float) -> Uplift:
    return Uplift(
        _exp(estimate.value) - 1, _exp(estimate.value - half_width) - 1, _exp(estimate.value + half_width) - 1
    )


def _exp(value: float) -> float:
    """e to the value, at most 1e300: JSON has no infinity."""
    return math.exp(min(value, 690.0))
