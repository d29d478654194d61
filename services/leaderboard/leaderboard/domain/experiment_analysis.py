"""What an experiment shows: each variant against the first, alarms, and the variant that its rule decides for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import assert_never

from leaderboard.domain.experiment_sums import ExperimentSums, VariantSums
from leaderboard.statistics.best_variant import chances_to_be_best
from leaderboard.statistics.proportion import wilson_interval
from leaderboard.statistics.ratio import PairSums, ratio
from leaderboard.statistics.sample_ratio import sample_ratio_p_value
from leaderboard.statistics.uplift import Uplift, confidence_sequence, log_ratio
from referral.events.content import Experiment, ExperimentMetric, weights_of

ALPHA = 0.05
"""The probability that any bound of an experiment is ever wrong."""
TUNED_FOR = 1_000
"""The number of people at which the confidence sequence is narrowest."""
SAMPLE_RATIO_ALARM = 0.001
"""Below this probability of the split, the assignment is broken."""
MULTIPLE_EXPOSURE_ALARM = 0.01
"""The share of people who saw several variants above which an experiment is not decided."""
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class VariantResult:
    """A variant: people whose window is over, their impressions and what the metric counts of them.

    No friend brought the `roots` of these people through the content item.

    `uplift` compares it with the first variant; None for that one, and while there is too little data.
    """

    variant: str
    weight: int
    people: int
    roots: int
    shown: int
    counted: int
    multiple: int
    mixed: int
    ratio: float | None
    uplift: Uplift | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that an experiment shows at a time. `multiple_share` is a proportion with its interval.

    `pairs` are the uplifts of the better variant of each two over the other, as (better, other).
    """

    variants: tuple[VariantResult, ...]
    sample_ratio_p: float
    multiple_share: float
    multiple_interval: tuple[float, float]
    pairs: Mapping[tuple[str, str], Uplift]

    @property
    def people(self) -> int:
        """The people of all variants."""
        return sum(one.people for one in self.variants)

    @property
    def has_sample_ratio_mismatch(self) -> bool:
        """Whether the people for whom a variant was drawn are not split as the weights say."""
        return self.sample_ratio_p < SAMPLE_RATIO_ALARM

    @property
    def has_multiple_exposures(self) -> bool:
        """Whether too many people saw several variants."""
        return self.multiple_share > MULTIPLE_EXPOSURE_ALARM

    def comparisons(self, variant: str) -> Mapping[str, Uplift]:
        """The uplifts of a variant over each other one that has a lower ratio."""
        return {other: uplift for (better, other), uplift in self.pairs.items() if better == variant}


def analyse(experiment: Experiment, sums: ExperimentSums) -> Analysis:
    """Returns what the sums show by the experiment's metric.

    The split is that of people whom no friend brought, for whom a variant was drawn: friends see that of their chain, and the
    better one, or a person with many friends, brings more of them.

    Of several variants, each comparison gets its share of ALPHA (Bonferroni), so that all hold together.
    """
    found = [sums.variants.get(variant, VariantSums()) for variant in experiment.variants]
    pairs = [metric_sums(experiment.metric, one) for one in found]
    weights, people = weights_of(experiment), [one.n for one in pairs]
    comparisons = len(pairs) * (len(pairs) - 1) // 2
    variants = tuple(
        VariantResult(
            variant=name,
            weight=weight,
            people=pair.n,
            roots=one.roots,
            shown=pair.y,
            counted=pair.x,
            multiple=one.multiple,
            mixed=one.mixed,
            ratio=ratio(pair),
            uplift=_sequence(pair, pairs[0], comparisons) if number else None,
        )
        for number, (name, weight, pair, one) in enumerate(zip(experiment.variants, weights, pairs, found, strict=True))
    )
    multiple, everyone = sum(one.multiple for one in found), sum(people)
    return Analysis(
        variants,
        sample_ratio_p_value([one.roots for one in found], weights),
        multiple / everyone if everyone else 0.0,
        wilson_interval(multiple, everyone, ALPHA),
        _pairs(experiment.variants, pairs, comparisons),
    )


def chances(experiment: Experiment, sums: ExperimentSums) -> dict[str, float]:
    """Returns the chance of each variant to be the best; nothing while there is too little data."""
    found = [metric_sums(experiment.metric, sums.variants.get(one, VariantSums())) for one in experiment.variants]
    return dict(zip(experiment.variants, chances_to_be_best(found) or (), strict=False))


def winner(experiment: Experiment, analysis: Analysis, since_s: int, now_s: int) -> str | None:
    """Returns the variant that is better than each other one by the confidence sequence; None while the rule decides nothing.

    It needs `min_people` in each variant, `min_days` since the first impression, people split by the weights, and hardly anyone who
    saw several variants.
    """
    is_early = not since_s or now_s - since_s < experiment.min_days * _DAY_S
    is_small = any(one.people < experiment.min_people for one in analysis.variants)
    if is_early or is_small or analysis.has_sample_ratio_mismatch or analysis.has_multiple_exposures:
        return None
    for one in analysis.variants:
        better = analysis.comparisons(one.variant)
        if len(better) == len(analysis.variants) - 1 and all(uplift.low > 0 for uplift in better.values()):
            return one.variant
    return None


def metric_sums(metric: ExperimentMetric, sums: VariantSums) -> PairSums:
    """Returns the sums that a metric compares."""
    match metric:
        case "follows_per_impression":
            return sums.follows
        case "shares_per_impression":
            return sums.shares
        case _:
            assert_never(metric)


def _sequence(treatment: PairSums, control: PairSums, comparisons: int) -> Uplift | None:
    estimate = log_ratio(treatment, control)
    return confidence_sequence(estimate, ALPHA / comparisons, TUNED_FOR) if estimate and estimate.variance else None


def _pairs(names: Sequence[str], sums: Sequence[PairSums], comparisons: int) -> Mapping[tuple[str, str], Uplift]:
    found: dict[tuple[str, str], Uplift] = {}
    for one, other in combinations(range(len(names)), 2):
        for better, worse in ((one, other), (other, one)):
            uplift = _sequence(sums[better], sums[worse], comparisons)
            if uplift is not None and uplift.value > 0:
                found[names[better], names[worse]] = uplift
    return found
