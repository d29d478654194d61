"""Experiments: what each person saw and shared in their window, and their friends, for the variant that they saw first."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from referral.events.content import ContentItem, Experiment, weights_of
from referral.events.facts import ContentShared, ContentShown, Fact
from referral.events.program import Program
from referral_tools.oracle.departures import Departure
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.experiment_bounds import (
    Bounds,
    PairTotals,
    bounds,
    split_probability,
    totals_of,
)
from referral_tools.oracle.journal import Enrolled, ExperimentLook

_DAY_S = 86_400
_MISMATCH, _MULTIPLE = 0.001, 0.01
"""Below this probability of the split, and above this share of people who saw several variants, nothing is decided."""


@dataclass(frozen=True, slots=True)
class PersonResult:
    """What a person did in their window.

    `mixed`: a friend came by a link with another variant. `is_root`: no friend brought them through the content item.
    """

    variant: str
    start_s: int
    shown: int
    shares: int
    friends: int
    variants: int
    mixed: bool
    is_root: bool = True


@dataclass(frozen=True, slots=True)
class ExpectedVariant:
    """A variant over people with a window that is over: sums of the metric, people with other variants as well, mixed chains.

    `roots` are those whom no friend brought through the content item.
    """

    totals: PairTotals
    multiple: int = 0
    mixed: int = 0
    roots: int = 0


@dataclass(frozen=True, slots=True)
class ExpectedExperiment:
    """An experiment: its variants in order, the first second that counts, and the variant that the rule decides for."""

    id: str
    since_s: int
    variants: Mapping[str, ExpectedVariant]
    uplifts: Mapping[str, Bounds | None]  # over the first variant
    split_probability: float
    multiple_share: float
    decided: str | None

    @property
    def people(self) -> int:
        """People with a window that is over."""
        return sum(one.totals.n for one in self.variants.values())


@dataclass(slots=True)
class _Exposure:
    """The impressions (second, variant), shares and friends (second, variant of the link) of a person."""

    shown: list[tuple[int, str]] = field(default_factory=list)
    shares: list[int] = field(default_factory=list)
    friends: list[tuple[int, str | None]] = field(default_factory=list)


def expected_experiments(
    program: Program,
    facts: Iterable[Fact],
    standing: Iterable[ExpectedReferral],
    left: Callable[[], Sequence[Departure]],
    participants: Iterable[Enrolled],
    looks: Sequence[ExperimentLook],
    until: datetime | None,
) -> dict[str, ExpectedExperiment]:
    """The experiments of the program, by id; windows are over that end at `until` at the latest.

    `left` returns the people who left: a friend may have brought them all the same. `looks` are the sums that the system looked at,
    in order: when it looks is its own choice, so they are input for the decision.
    """
    items = [item for item in program.content if item.experiment is not None]
    if not items or until is None:
        return {}
    known, referrals, departed = list(facts), list(standing), left()
    names = {one.id: one.external_id for one in participants}
    found: dict[str, ExpectedExperiment] = {}
    for item in items:
        if (experiment := item.experiment) is not None:
            invited = {one.person for one in referrals if one.content == item.id and one.referrer is not None}
            invited |= {one.person for one in departed if one.content == item.id and one.referred}
            people = list(_people(item, experiment, known, referrals, names, invited, int(until.timestamp())))
            own = [look for look in looks if look.experiment == experiment.id]
            found[experiment.id] = _experiment(experiment, people, own)
    return found


def metric_pairs(experiment: Experiment, people: Iterable[PersonResult]) -> list[tuple[int, int]]:
    """Returns what the metric counts of each person, with their impressions."""
    shares = experiment.metric == "shares_per_impression"
    return [(one.shares if shares else one.friends, one.shown) for one in people]


def _people(
    item: ContentItem,
    experiment: Experiment,
    facts: Iterable[Fact],
    referrals: Iterable[ExpectedReferral],
    names: Mapping[str, str],
    invited: Collection[str],
    until_s: int,
) -> Iterator[PersonResult]:
    exposures: dict[str, _Exposure] = defaultdict(_Exposure)
    for fact in facts:
        second = int(fact.occurred_at.timestamp())
        if isinstance(fact, ContentShared) and fact.data.content == item.id:
            exposures[fact.person].shares.append(second)
        elif isinstance(fact, ContentShown) and fact.data.content == item.id and fact.data.cta in experiment.variants:
            exposures[fact.person].shown.append((second, fact.data.cta))
    for one in referrals:
        if one.content == item.id and one.referrer is not None:
            root = names[one.root] if one.root else one.referrer.external_id
            exposures[root].friends.append((int(one.followed_at.timestamp()), one.cta))
    for person, exposure in exposures.items():
        result = _result(exposure, person not in invited, experiment.window_days * _DAY_S, until_s)
        if result is not None:
            yield result


def _result(exposure: _Exposure, is_root: bool, window_s: int, until_s: int) -> PersonResult | None:
    """What happened in the window of a person; None without an impression, and while it is not over."""
    start_s, variant = min(exposure.shown, default=(until_s, ""))
    end_s = start_s + window_s
    if end_s > until_s:
        return None
    variants = [one for second, one in exposure.shown if second < end_s]
    friends = [one for second, one in exposure.friends if start_s <= second < end_s]
    return PersonResult(
        variant=variant,
        start_s=start_s,
        shown=len(variants),
        shares=sum(start_s <= second < end_s for second in exposure.shares),
        friends=len(friends),
        variants=len(set(variants)),
        mixed=any(one not in (None, variant) for one in friends),
        is_root=is_root,
    )


def _experiment(
    experiment: Experiment, people: Sequence[PersonResult], looks: Sequence[ExperimentLook]
) -> ExpectedExperiment:
    by_variant = {name: [one for one in people if one.variant == name] for name in experiment.variants}
    variants = {
        name: ExpectedVariant(
            totals_of(metric_pairs(experiment, some)),
            sum(one.variants > 1 for one in some),
            sum(one.mixed for one in some),
            sum(one.is_root for one in some),
        )
        for name, some in by_variant.items()
    }
    totals = {name: one.totals for name, one in variants.items()}
    first = experiment.variants[0]
    return ExpectedExperiment(
        id=experiment.id,
        since_s=min((one.start_s for one in people), default=0),
        variants=variants,
        uplifts={name: _bounds(totals, name, first) for name in experiment.variants[1:]},
        split_probability=split_probability([one.roots for one in variants.values()], weights_of(experiment)),
        multiple_share=_share(sum(one.multiple for one in variants.values()), len(people)),
        decided=_decision(experiment, looks),
    )


def _bounds(totals: Mapping[str, PairTotals], better: str, other: str) -> Bounds | None:
    return bounds(totals[better], totals[other], len(totals) * (len(totals) - 1) // 2)


def _share(cases: int, n: int) -> float:
    return cases / n if n else 0.0


def _decision(experiment: Experiment, looks: Sequence[ExperimentLook]) -> str | None:
    """The first variant that the rule decides for, at any look: at each, the newest sums of all partitions are added up."""
    newest: dict[int, ExperimentLook] = {}
    for look in looks:
        known = newest.get(look.partition)
        if known is None or known.at <= look.at:
            newest[look.partition] = look
        if experiment.automatic_end and (best := _winner(experiment, list(newest.values()), look.at)):
            return best
    return None


def _winner(experiment: Experiment, looks: Sequence[ExperimentLook], at: datetime) -> str | None:
    totals = {name: _sum(look.totals.get(name, PairTotals()) for look in looks) for name in experiment.variants}
    people = [one.n for one in totals.values()]
    since = min(look.since for look in looks)
    if (at - since).total_seconds() < experiment.min_days * _DAY_S or min(people) < experiment.min_people:
        return None
    roots = [sum(look.roots.get(name, 0) for look in looks) for name in experiment.variants]
    if split_probability(roots, weights_of(experiment)) < _MISMATCH:
        return None
    if _share(sum(look.multiple for look in looks), sum(people)) > _MULTIPLE:
        return None
    for name in totals:
        found = [_bounds(totals, name, other) for other in totals if other != name]
        if all(one is not None and one.low > 0 for one in found):
            return name
    return None


def _sum(parts: Iterable[PairTotals]) -> PairTotals:
    sums = [(one.n, one.x, one.y, one.xx, one.yy, one.xy) for one in parts]
    return PairTotals(*map(sum, zip(*sums, strict=True))) if sums else PairTotals()
