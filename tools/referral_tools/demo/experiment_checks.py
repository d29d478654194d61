"""Compares experiments with the oracle's: what was counted exactly, ratios and bounds to a millionth."""

from collections.abc import Iterator, Mapping, Sequence
from math import isclose

from referral_tools.demo.comparison import ComparisonResult, differing
from referral_tools.demo.system_figures import ExperimentFigures, VariantFigures
from referral_tools.oracle import ExpectedExperiment

_TOLERANCE = 1e-6
_Number = float | None


def compare_experiments(
    verdict: ComparisonResult, found: Sequence[ExperimentFigures], expected: Mapping[str, ExpectedExperiment]
) -> None:
    """Every figure of every experiment."""
    verdict.compare("experiments", sorted(one.id for one in found), sorted(expected))
    for system in found:
        if (oracle := expected.get(system.id)) is not None:
            _compare(verdict, system, oracle)


def _compare(verdict: ComparisonResult, system: ExperimentFigures, oracle: ExpectedExperiment) -> None:
    verdict.compare(f"people in {system.id}", sum(one.people for one in system.variants), oracle.people)
    wrong = differing((_counts(one), _expected_counts(oracle, one.id)) for one in system.variants)
    verdict.compare(f"· {len(oracle.variants)} variants, impressions and what was counted: differing", wrong, 0)
    numbers = list(_numbers(system, oracle))
    wrong = sum(not _are_close(one, other) for one, other in numbers)
    verdict.compare(f"· {len(numbers)} ratios, bounds and alarms, beyond a millionth: differing", wrong, 0)
    verdict.compare("· decided for", system.decided_for, oracle.decided)


def _counts(one: VariantFigures) -> tuple[int, ...]:
    return one.people, one.roots, one.shown, one.counted, one.mixed_chains


def _expected_counts(oracle: ExpectedExperiment, variant: str) -> tuple[int, ...]:
    one = oracle.variants[variant]
    return one.totals.n, one.roots, one.totals.y, one.totals.x, one.mixed


def _numbers(system: ExperimentFigures, oracle: ExpectedExperiment) -> Iterator[tuple[_Number, _Number]]:
    yield system.counted_from.timestamp() if system.counted_from else 0, oracle.since_s
    yield system.alarms.sample_ratio_p, oracle.split_probability
    yield system.alarms.multiple_share, oracle.multiple_share
    for one in system.variants:
        ratio, uplift = oracle.variants[one.id].totals.ratio, oracle.uplifts.get(one.id)
        yield one.ratio, None if ratio is None else float(ratio)
        for bound in ("value", "low", "high"):
            yield getattr(one.uplift, bound, None), getattr(uplift, bound, None)


def _are_close(one: _Number, other: _Number) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
