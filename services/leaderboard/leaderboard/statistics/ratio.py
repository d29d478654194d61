"""Ratios of two totals per person, such as shares per impression: their sums, and the variance by the delta method."""

import math

from msgspec import Struct


class PairSums(Struct, frozen=True, array_like=True):
    """Sums over `n` people of the numerator x and the denominator y of each, and of their squares and product.

    They are integers, so that adding and removing people in any order gives the same sums without rounding.
    """

    n: int = 0
    x: int = 0
    y: int = 0
    xx: int = 0
    yy: int = 0
    xy: int = 0

    def plus(self, other: "PairSums") -> "PairSums":
        """Returns the sums over the people of both."""
        return PairSums(
            self.n + other.n,
            self.x + other.x,
            self.y + other.y,
            self.xx + other.xx,
            self.yy + other.yy,
            self.xy + other.xy,
        )

    def minus(self, other: "PairSums") -> "PairSums":
        """Returns the sums without people who are part of them."""
        return self.plus(PairSums(-other.n, -other.x, -other.y, -other.xx, -other.yy, -other.xy))


def sums_of_person(x: int, y: int) -> PairSums:
    """Returns the sums over one person."""
    return PairSums(1, x, y, x * x, y * y, x * y)


def ratio(sums: PairSums) -> float | None:
    """Returns Σx / Σy; None if Σy is 0."""
    return sums.x / sums.y if sums.y else None


def relative_variance(sums: PairSums) -> float | None:
    """Returns the variance of Σx / Σy, divided by its square; None for fewer than two people, or if Σx or Σy is 0.

    Delta method for a ratio of means of people, who are independent while the impressions of one person are not: A. Deng,
    U. Knoblich, J. Lu, "Applying the Delta Method in Metric Analytics", KDD 2018, equation 4. With R = Σx / Σy it is

        Var(R) / R² = n / (n - 1) · Σ(x - R·y)² / (Σx)²

    and Σ(x - R·y)² = (Σxx·(Σy)² - 2·Σx·Σy·Σxy + (Σx)²·Σyy) / (Σy)², whose numerator is computed exactly: there is no
    cancellation, however large the sums are.
    """
    if sums.n < 2 or sums.x <= 0 or sums.y <= 0:
        return None
    squares = sums.xx * sums.y**2 - 2 * sums.x * sums.y * sums.xy + sums.x**2 * sums.yy
    return (sums.n * squares) / ((sums.n - 1) * sums.x**2 * sums.y**2)


def standard_error(sums: PairSums) -> float | None:
    """Returns the standard error of Σx / Σy; None where `relative_variance` is."""
    variance = relative_variance(sums)
    return None if variance is None else math.sqrt(variance) * sums.x / sums.y
