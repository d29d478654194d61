"""Board metrics: what each counts, which fold counts it, and how exactly.

`BOARD_METRICS` is the table: an entry is all that a metric of an existing fold takes. `counts` are the types of the
lines of that fold that add and take away. After a metric was added, delete
the state of its fold: it is rebuilt from the log, with the past.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from leaderboard.domain.tally import Resolution
from referral.events.board_rules import BoardMetric
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.edges import ReachChanged
from referral.events.facts import (
    ClickReclassed,
    ContentShared,
    LinkClicked,
    PostPublished,
    PostRemoved,
    PostSubmitted,
    PostVerified,
    SubmissionFeatured,
    SubmissionPicked,
    SubmissionReviewed,
)

CountingFold = Literal["boards", "growth", "activity"]
"""The folds that write boards: `boards` reads conversions, `growth` attributions, `activity` events."""
CountedConversion = ConversionCleared | ConversionReversed


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """A metric. `splits_kinds`: its lines say who is a partner, and partners are ranked among themselves."""

    description: str
    fold: CountingFold
    counts: tuple[type, ...]
    resolution: Resolution
    splits_kinds: bool = False


BOARD_METRICS: Mapping[BoardMetric, MetricDefinition] = {
    "referrals": MetricDefinition(
        "referrals that are cleared and not reversed, by when they qualified",
        "boards",
        (ConversionCleared, ConversionReversed),
        "second",
        splits_kinds=True,
    ),
    "reach": MetricDefinition(
        "people two and three degrees below a participant, by when they began to follow; measured, never paid",
        "growth",
        (ReachChanged,),
        "quarter",
    ),
    "clicks": MetricDefinition(
        "links of a participant opened by people, without robots",
        "activity",
        (LinkClicked, ClickReclassed),
        "quarter",
    ),
    "shares": MetricDefinition(
        "content shared by a person",
        "activity",
        (ContentShared,),
        "second",
    ),
    "posts": MetricDefinition(
        "posts by a person that exist, by when they were published",
        "activity",
        (PostPublished, PostRemoved, PostVerified),
        "second",
    ),
    "challenge_score": MetricDefinition(
        "points in challenges, by when each was earned (the table is in docs/challenges.md)",
        "activity",
        (
            PostPublished,
            PostRemoved,
            PostVerified,
            PostSubmitted,
            SubmissionReviewed,
            SubmissionPicked,
            SubmissionFeatured,
        ),
        "quarter",
    ),
}


def metrics_counting(fold: CountingFold, line: object) -> tuple[BoardMetric, ...]:
    """Returns the metrics for which a fold counts a line."""
    return _counting(fold, type(line))  # type: ignore[arg-type] # mypy takes __hash__ of the class for that of its type


@cache  # a line of a fold costs less than looking through the table
def _counting(fold: CountingFold, kind: type) -> tuple[BoardMetric, ...]:
    return tuple(
        name for name, metric in BOARD_METRICS.items() if metric.fold == fold and issubclass(kind, metric.counts)
    )


def metrics_of(fold: CountingFold) -> list[BoardMetric]:
    """Returns the metrics that a fold counts."""
    return [name for name, metric in BOARD_METRICS.items() if metric.fold == fold]


def closing_folds() -> tuple[CountingFold, ...]:
    """Returns the folds that write boards, each once: all boards of periods are closed."""
    return tuple(dict.fromkeys(metric.fold for metric in BOARD_METRICS.values()))
