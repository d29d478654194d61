"""The result of a replay, as stored and returned: the comparison with names, and whether it can be trusted."""

from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.replay.comparison import (
    MAX_PEOPLE,
    MAX_REFERRERS,
    BeforeAfter,
    RefereeDifference,
    ReferrerDifference,
    Totals,
)
from conversion_tracker.replay.consistency import MAX_SAMPLE, LineDifference
from conversion_tracker.replay.replay_run import ReplayOutcome
from referral.catalog.view import Catalog


class NamedParticipant(Struct, frozen=True):
    """A participant."""

    id: Annotated[str, Meta(examples=["par_0t04dnkrn229c38f"])]
    external_id: str | None
    display_name: str | None


class ReferrerChange(Struct, frozen=True):
    """The change for a referrer; `rewards` are the referrer's own."""

    participant: NamedParticipant
    referrals: BeforeAfter
    rewards: BeforeAfter


class ReferrerChanges(Struct, frozen=True):
    """Referrers who gain or lose."""

    gaining: Annotated[int, Meta(description="referrers with more referrals, or as many and more rewards")]
    losing: int
    items: Annotated[tuple[ReferrerChange, ...], Meta(description=f"the largest change first, at most {MAX_REFERRERS}")]


class RefereeChange(Struct, frozen=True):
    """A follower with another referrer; null without one."""

    person: str
    before: NamedParticipant | None
    after: NamedParticipant | None


class RefereeChanges(Struct, frozen=True):
    """Followers whose referrer changes."""

    changed: int
    sample: Annotated[tuple[RefereeChange, ...], Meta(description=f"at most {MAX_PEOPLE}")]


class AsRecorded(Struct, frozen=True):
    """Whether the replay under the recorded rules produced, line by line, what the live folds did; if not, do not trust it."""

    equal: bool
    lines: Annotated[int, Meta(description="attributions and conversions compared")]
    differences: int
    sample: Annotated[tuple[LineDifference, ...], Meta(description=f"at most {MAX_SAMPLE}")]


class ReplayResult(Struct, frozen=True):
    """The result of a replay."""

    totals: Totals
    referrers: ReferrerChanges
    people: RefereeChanges
    as_recorded: AsRecorded


def replay_result(outcome: ReplayOutcome, catalog: Catalog) -> ReplayResult:
    """Returns the result, with names from the catalog."""
    comparison, report = outcome.comparison, outcome.consistency
    referrers = tuple(_referrer_change(one, catalog) for one in comparison.referrers)
    people = tuple(_referee_change(one, catalog) for one in comparison.people)
    return ReplayResult(
        comparison.totals,
        ReferrerChanges(comparison.gaining, comparison.losing, referrers),
        RefereeChanges(comparison.people_moved, people),
        AsRecorded(report.equal, report.lines, report.differences, report.sample),
    )


def _referrer_change(one: ReferrerDifference, catalog: Catalog) -> ReferrerChange:
    return ReferrerChange(_named_participant(one.participant, catalog), one.referrals, one.rewards)


def _referee_change(one: RefereeDifference, catalog: Catalog) -> RefereeChange:
    before, after = (_named_participant(id, catalog) if id else None for id in (one.before, one.after))
    return RefereeChange(one.person, before, after)


def _named_participant(id: str, catalog: Catalog) -> NamedParticipant:
    known = catalog.participant(id)
    return NamedParticipant(id, known.external_id if known else None, known.shown_name if known else None)
