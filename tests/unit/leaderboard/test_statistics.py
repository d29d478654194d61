"""Statistics equal those of reference implementations, and keep their promises in simulated campaigns."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import multivariate_normal, quantile_test

from leaderboard.statistics.best_variant import chances_to_be_best
from leaderboard.statistics.mean import mean_interval
from leaderboard.statistics.median import median_ranks
from leaderboard.statistics.poisson_rate import rate_interval
from leaderboard.statistics.proportion import difference_interval, wilson_interval
from leaderboard.statistics.ratio import PairSums, ratio, relative_variance, standard_error, sums_of_person
from leaderboard.statistics.risk_ratio import risk_ratio_interval
from leaderboard.statistics.sample_ratio import sample_ratio_p_value
from leaderboard.statistics.uplift import LogRatio, confidence_sequence, interval, log_ratio

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "reference_figures.json").read_text())
PEOPLE = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10**6)), max_size=20)


def exactly(value: float) -> Any:
    """Equal to 1e-6."""
    return pytest.approx(value, abs=1e-6, rel=1e-6)


def sums_of(people: Sequence[tuple[int, int]]) -> PairSums:
    """The sums over people with (x, y)."""
    whole = PairSums()
    for x, y in people:
        whole = whole.plus(sums_of_person(x, y))
    return whole


def estimate(treatment: PairSums, control: PairSums) -> LogRatio:
    """The logarithm of the quotient of two ratios that have variances."""
    found = log_ratio(treatment, control)
    assert found is not None
    return found


@pytest.mark.parametrize("case", REFERENCE["ratios"])
def test_the_standard_error_of_a_ratio_equals_the_reference(case: dict[str, Any]) -> None:
    """The reference file names the implementation, its version and the call."""
    sums = PairSums(*case["sums"])
    assert ratio(sums) == exactly(case["ratio"])
    assert standard_error(sums) == exactly(case["standard_error"])


@pytest.mark.parametrize("case", REFERENCE["intervals"])
def test_the_interval_of_an_uplift_equals_the_reference(case: dict[str, Any]) -> None:
    """The reference file names the implementation, its version and the call."""
    found = interval(estimate(PairSums(*case["treatment"]), PairSums(*case["control"])), case["alpha"])
    assert (found.value, found.low, found.high) == tuple(map(exactly, (case["uplift"], case["low"], case["high"])))


@pytest.mark.parametrize("case", REFERENCE["half_widths"])
def test_the_width_of_a_confidence_sequence_equals_the_reference(case: dict[str, Any]) -> None:
    """The reference file names the implementation, its version and the call."""
    found = confidence_sequence(LogRatio(0.0, case["variance"], case["people"]), case["alpha"], case["tuned_for"])
    assert math.log1p(found.high) == exactly(case["half_width"])
    assert math.log1p(found.low) == exactly(-case["half_width"])


@pytest.mark.parametrize("case", REFERENCE["sample_ratio"])
def test_the_p_value_of_a_split_equals_the_reference(case: dict[str, Any]) -> None:
    """The reference file names the implementation, its version and the call."""
    assert sample_ratio_p_value(case["people"], case["weights"]) == exactly(case["p"])


@pytest.mark.parametrize("case", REFERENCE["wilson"])
def test_the_interval_of_a_proportion_equals_the_reference(case: dict[str, Any]) -> None:
    """The reference file names the implementation, its version and the call."""
    found = wilson_interval(case["cases"], case["n"], case["alpha"])
    assert found == (exactly(case["low"]), exactly(case["high"]))


@pytest.mark.parametrize("case", REFERENCE["differences"])
def test_the_interval_of_a_difference_of_proportions_equals_the_reference(case: dict[str, Any]) -> None:
    """The reference file names the implementation, its version and the call."""
    found = difference_interval(case["cases"], case["n"], case["other_cases"], case["other_n"], case["alpha"])
    assert found == (exactly(case["low"]), exactly(case["high"]))


@pytest.mark.parametrize("case", REFERENCE["rates"])
def test_the_interval_of_a_rate_equals_the_reference(case: dict[str, Any]) -> None:
    """The reference file names the implementation, its version and the call."""
    found = rate_interval(case["events"], case["exposure"], case["alpha"])
    assert found == (exactly(case["low"]), exactly(case["high"]))


@pytest.mark.parametrize("case", REFERENCE["means"])
def test_the_interval_of_a_mean_equals_the_reference(case: dict[str, Any]) -> None:
    """The reference file names the implementation, its version and the call."""
    found = mean_interval(case["n"], case["total"], case["squares"], case["alpha"])
    assert found == (exactly(case["low"]), exactly(case["high"]))


@pytest.mark.parametrize("case", REFERENCE["quotients"])
def test_the_interval_of_a_quotient_of_proportions_equals_the_reference(case: dict[str, Any]) -> None:
    """The reference file names the implementation, its version and the call."""
    found = risk_ratio_interval(case["cases"], case["n"], case["other_cases"], case["other_n"], case["alpha"])
    assert found is not None
    assert found[1:] == (exactly(case["low"]), exactly(case["high"]))


@pytest.mark.parametrize("n", [5, 6, 10, 17, 30, 101, 1000, 200_000])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_ranks_that_bound_a_median_are_those_of_scipy(n: int, alpha: float) -> None:
    """scipy.stats.quantile_test has the same interval; of too few values there is none."""
    bounds = quantile_test(np.arange(1, n + 1), q=(n + 1) / 2, p=0.5).confidence_interval(1 - alpha)
    found = median_ranks(n, alpha)
    assert found == (None if math.isnan(bounds.low) else (bounds.low, bounds.high))


@given(first=PEOPLE, second=PEOPLE)
def test_people_who_are_added_and_removed_again_leave_the_same_sums(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    """Sums are exact, so that neither the order nor corrections change a figure."""
    both = sums_of([*second, *first])
    assert sums_of(first).plus(sums_of(second)) == both
    assert both.minus(sums_of(second)) == sums_of(first)


@given(people=PEOPLE.filter(lambda people: len(people) > 1 and sum(x for x, _ in people) * sum(y for _, y in people)))
def test_the_variance_is_that_of_the_residuals(people: list[tuple[int, int]]) -> None:
    """It is that of x - R·y over people, for any sums: what large sums have in common does not cancel it."""
    sums = sums_of(people)
    quotient = sums.x / sums.y
    squares = math.fsum((x - quotient * y) ** 2 for x, y in people)
    expected = sums.n / (sums.n - 1) * squares / sums.x**2
    assert relative_variance(sums) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("sums", [PairSums(), sums_of_person(1, 2), PairSums(9, 0, 5, 0, 5, 0), PairSums(9, 0, 0)])
def test_too_little_data_gives_no_estimate(sums: PairSums) -> None:
    """Fewer than two people, or nothing counted, has no variance; a figure would mislead."""
    enough = sums_of([(1, 2), (3, 4)])
    assert relative_variance(sums) is None
    assert standard_error(sums) is None
    assert log_ratio(sums, enough) is None
    assert log_ratio(enough, sums) is None
    assert chances_to_be_best([enough, sums]) is None


def test_an_even_split_and_no_split_are_no_reason_for_an_alarm() -> None:
    """Without a case a proportion can be anything."""
    assert sample_ratio_p_value([0, 0], [1, 1]) == 1
    assert sample_ratio_p_value([500, 500], [1, 1]) == 1
    assert wilson_interval(0, 0, 0.05) == (0, 1)
    assert difference_interval(1, 2, 0, 0, 0.05) == (-1, 1)
    assert rate_interval(3, 0, 0.05) == (0, 0)
    assert mean_interval(1, 3, 9, 0.05) is None
    assert risk_ratio_interval(0, 3, 1, 3, 0.05) is None


def test_the_chance_to_be_best_of_two_is_that_of_a_difference_of_normals() -> None:
    """For two there is a closed form."""
    control, treatment = (PairSums(*case["sums"]) for case in REFERENCE["ratios"][:2])
    difference = estimate(treatment, control)
    expected = float(ndtr(difference.value / math.sqrt(difference.variance)))
    assert chances_to_be_best([control, treatment]) == [exactly(1 - expected), exactly(expected)]


def test_the_chances_of_several_add_up_and_equal_those_of_the_joint_normal() -> None:
    """Also if one of them is far more certain than the others."""
    variants = [PairSums(*REFERENCE["ratios"][index]["sums"]) for index in (4, 0, 1)]
    found = chances_to_be_best(variants)
    assert found is not None
    assert sum(found) == pytest.approx(1, abs=1e-6)
    means = [math.log(one.x / one.y) for one in variants]
    spread = [relative_variance(one) or 0 for one in variants]
    differences = np.array([means[2] - means[0], means[2] - means[1]])
    covariance = np.array([[spread[2] + spread[0], spread[2]], [spread[2], spread[2] + spread[1]]])
    assert found[2] == pytest.approx(float(multivariate_normal(cov=covariance).cdf(differences)), abs=1e-5)


def simulated(rng: np.random.Generator, shape: tuple[int, ...], rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Shares and impressions of people: 1 to 50 impressions each, and a rate of their own around `rate`."""
    shown = rng.integers(1, 51, shape)
    shares = rng.binomial(shown, rate * rng.gamma(2.0, 0.5, shape).clip(max=0.9 / rate))
    return shares, shown


def sums_along(x: np.ndarray, y: np.ndarray) -> list[PairSums]:
    """The sums over the people of the last axis, for each campaign."""
    parts = [part.sum(axis=-1).ravel().tolist() for part in (x, y, x * x, y * y, x * y)]
    return [PairSums(x.shape[-1], *found) for found in zip(*parts, strict=True)]


def test_95_percent_intervals_contain_the_truth_in_93_to_97_percent_of_campaigns() -> None:
    """With 1 to 50 impressions a person, who differ in how readily they share: impressions of one person are not independent."""
    rng, campaigns, truth = np.random.default_rng(20261130), 3000, 1.5
    base = 0.05
    control = sums_along(*simulated(rng, (campaigns, 200), base))
    treatment = sums_along(*simulated(rng, (campaigns, 200), base * truth))
    found = [interval(estimate(b, a), 0.05) for a, b in zip(control, treatment, strict=True)]
    coverage = sum(one.low <= truth - 1 <= one.high for one in found) / campaigns
    assert 0.93 <= coverage <= 0.97, coverage
