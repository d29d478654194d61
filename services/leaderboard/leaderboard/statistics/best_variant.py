"""The chance of each variant to be the best."""

import math
from collections.abc import Sequence

from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from leaderboard.statistics.ratio import PairSums, relative_variance

_TAIL = 1e-12  # what the integral leaves out on each side, of a total of 1


def chances_to_be_best(variants: Sequence[PairSums]) -> list[float] | None:
    """Returns for each variant the probability that its ratio is the highest; None while one has no variance.

    The posterior of each logarithm of a ratio is taken as normal around its estimate, with the variance of the delta method (a
    flat prior: A. Gelman et al., "Bayesian Data Analysis", 3rd edition, section 4.1). The probability is that of the highest of
    independent normals, an integral over the quantiles u of the variant i:

        P(i is best) = ∫₀¹ Π_{j≠i} Φ((μ_i + σ_i·Φ⁻¹(u) - μ_j) / σ_j) du

    It is computed by adaptive quadrature, so that the same sums always give the same chance.
    """
    posteriors = []
    for sums in variants:
        variance = relative_variance(sums)
        if not variance:
            return None
        posteriors.append((math.log(sums.x) - math.log(sums.y), math.sqrt(variance)))
    return [_chance(index, posteriors) for index in range(len(posteriors))]


def _chance(index: int, posteriors: Sequence[tuple[float, float]]) -> float:
    mean, deviation = posteriors[index]
    others = [one for position, one in enumerate(posteriors) if position != index]

    def all_below(quantile: float) -> float:
        value = mean + deviation * float(ndtri(quantile))
        return math.prod(float(ndtr((value - other) / spread)) for other, spread in others)

    # The integrand changes around the other means, within their deviations: quad must not step over that.
    steps = {float(ndtr((other + k * spread - mean) / deviation)) for other, spread in others for k in (-3, 0, 3)}
    points = sorted(step for step in steps if _TAIL < step < 1 - _TAIL)
    result = quad(all_below, _TAIL, 1 - _TAIL, points=points or None, limit=200, epsabs=1e-10)
    return min(max(float(result[0]), 0.0), 1.0)
