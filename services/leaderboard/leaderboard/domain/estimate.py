"""Estimates: a value, over how many cases it was taken, and the bounds of its 95% interval."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from leaderboard.statistics.mean import mean_interval
from leaderboard.statistics.median import median_ranks
from leaderboard.statistics.poisson_rate import rate_interval
from leaderboard.statistics.proportion import difference_interval, wilson_interval
from leaderboard.statistics.ratio import PairSums, standard_error
from leaderboard.statistics.risk_ratio import risk_ratio_interval

ALPHA = 0.05
"""Intervals have level 1 - ALPHA."""
ENOUGH_CASES = 30
"""Below this number of cases an estimate is not reliable, and has a remark."""
_Z = 1.959963984540054  # the normal quantile of 1 - ALPHA / 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value of `n` cases; None if it is not defined. `low` and `high` bound it at level 95%; None where nothing is estimated.

    `cases` is set for proportions: how many of the `n` cases it counts. `is_count`: it is a complete count.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    cases: int | None = None
    is_count: bool = False

    @property
    def too_few(self) -> bool:
        """Whether it is an estimate of fewer than 30 cases. Counts are complete, and never too few."""
        return not self.is_count and self.n < ENOUGH_CASES


@dataclass(frozen=True, slots=True)
class Change:
    """By how much a value is above an earlier one; the bounds are those of the difference of two proportions."""

    value: float
    low: float | None = None
    high: float | None = None


def count(number: int) -> Estimate:
    """Returns a complete count: it has no interval."""
    return Estimate(number, number, is_count=True)


def share(cases: int, n: int) -> Estimate:
    """Returns a proportion, with Wilson's interval."""
    if n <= 0 or not 0 <= cases <= n:
        return Estimate(None, max(n, 0))
    return Estimate(cases / n, n, *wilson_interval(cases, n, ALPHA), cases=cases)


def rate(events: int, exposure: int) -> Estimate:
    """Returns events for each unit of exposure, which are the cases; with Garwood's interval."""
    if exposure <= 0 or events < 0:
        return Estimate(None, 0)
    return Estimate(events / exposure, exposure, *rate_interval(events, exposure, ALPHA))


def mean(values: Iterable[int]) -> Estimate:
    """Returns the mean over people of counts that are not negative, with Student's interval."""
    n = total = squares = 0
    for value in values:
        n, total, squares = n + 1, total + value, squares + value * value
    return mean_of_sums(n, total, squares)


def mean_of_sums(n: int, total: int, squares: int) -> Estimate:
    """Returns the mean over n people from the sum of their counts and of their squares."""
    bounds = mean_interval(n, total, squares, ALPHA)
    if bounds is None:
        return Estimate(total / n if n else None, n)
    return Estimate(total / n, n, max(bounds[0], 0.0), bounds[1])


def odds(cases: int, others: int) -> Estimate:
    """Returns `cases` for each of the others: the odds of a proportion, whose bounds are those of Wilson's interval."""
    found = share(cases, cases + others)
    if found.value is None or found.low is None or found.high is None or others <= 0:
        return Estimate(None, max(cases + others, 0))
    return Estimate(cases / others, found.n, found.low / (1 - found.low), found.high / (1 - found.high))


def quotient(cases: int, n: int, other_cases: int, other_n: int) -> Estimate:
    """Returns how many times as large one proportion is as another, with Katz's interval. The cases are the smaller n."""
    found = risk_ratio_interval(cases, n, other_cases, other_n, ALPHA)
    if found is None:
        return Estimate(None, max(min(n, other_n), 0))
    value, low, high = found
    return Estimate(value, min(n, other_n), low, high)


def median_of_counts(counts: Mapping[int, int]) -> Estimate:
    """Returns the median of values that are counted by value, and its distribution-free interval."""
    values = sorted(value for value, number in counts.items() if number > 0)
    ends = list(accumulate(counts[value] for value in values))
    n = ends[-1] if ends else 0
    if not n:
        return Estimate(None, 0)

    def value_at(rank: int) -> int:
        return values[bisect_left(ends, rank)]

    middle = (value_at((n + 1) // 2) + value_at(n // 2 + 1)) / 2
    ranks = median_ranks(n, ALPHA)
    if ranks is None:
        return Estimate(middle, n)
    return Estimate(middle, n, value_at(ranks[0]), value_at(ranks[1]))


def top_tenth(counts: Iterable[int]) -> Estimate:
    """Returns the share of a sum that the top 10% of people have, at least one person, the number rounded up.

    Its interval is that of a ratio of means over people, by the delta method (`statistics.ratio`), the people of the top 10% being
    taken as given. The cases are the people.
    """
    ranked = sorted((number for number in counts if number > 0), reverse=True)
    total = sum(ranked)
    if not total:
        return Estimate(None, 0)
    best = ranked[: ceil(len(ranked) / 10)]
    squares_of_best = sum(number * number for number in best)  # also the sum of products: the x of all others is 0
    squares = sum(number * number for number in ranked)
    sums = PairSums(len(ranked), sum(best), total, squares_of_best, squares, squares_of_best)
    value, error = sums.x / total, standard_error(sums)
    if error is None:
        return Estimate(value, len(ranked))
    return Estimate(value, len(ranked), max(value - _Z * error, 0.0), min(value + _Z * error, 1.0))


def change_between(now: Estimate, before: Estimate) -> Change | None:
    """Returns the difference of two estimates; None if one is not defined. Proportions have Newcombe's interval."""
    if now.value is None or before.value is None:
        return None
    difference = now.value - before.value
    if now.cases is None or before.cases is None:
        return Change(difference)
    return Change(difference, *difference_interval(now.cases, now.n, before.cases, before.n, ALPHA))
