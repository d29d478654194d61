"""The result of a replay, as stored and returned: the comparison with names, and whether it can be trusted."""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from conversion_tracker.named_person import NamedPerson, named_person
from conversion_tracker.replay.comparison import (
    MAX_PEOPLE,
    MAX_REFERRERS,
    BeforeAfter,
    RefereeDifference,
    Totals,
)
from conversion_tracker.replay.consistency import MAX_SAMPLE, LineDifference
from conversion_tracker.replay.replay_run import ReplayOutcome
from referral.people.people_view import People


class ReferrerChange(Struct, frozen=True):
    """The change for a referrer; `rewards` are the referrer's own."""

    participant: NamedPerson
    referrals: BeforeAfter
    rewards: BeforeAfter


class ReferrerChanges(Struct, frozen=True):
    """Referrers who gain or lose."""

    gaining: Annotated[int, Meta(description="referrers with more referrals, or as many and more rewards")]
    losing: int
    items: Annotated[tuple[ReferrerChange, ...], Meta(description=f"the largest change first, at most {MAX_REFERRERS}")]


class RefereeChange(Struct, frozen=True):
    """A follower with another referrer; null without one."""

    person: Annotated[str, Meta(description="their person id")]
    external_id: Annotated[str | None, Meta(description="the platform's own id; null after an erasure")]
    before: NamedPerson | None
    after: NamedPerson | None


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


def replay_result(outcome: ReplayOutcome) -> ReplayResult:
    """Returns the result with person ids alone: it is stored, and `with_names` names the people in each answer."""
    comparison, report = outcome.comparison, outcome.consistency
    referrers = tuple(
        ReferrerChange(_unnamed(one.participant), one.referrals, one.rewards) for one in comparison.referrers
    )
    people = tuple(_referee_change(one) for one in comparison.people)
    return ReplayResult(
        comparison.totals,
        ReferrerChanges(comparison.gaining, comparison.losing, referrers),
        RefereeChanges(comparison.people_moved, people),
        AsRecorded(report.equal, report.lines, report.differences, report.sample),
    )


def people_in(result: ReplayResult) -> set[str]:
    """The person ids in a result."""
    referees = result.people.sample
    named = [one.participant for one in result.referrers.items]
    named += [person for one in referees for person in (one.before, one.after) if person]
    return {person.id for person in named} | {one.person for one in referees}


def with_names(result: ReplayResult, people: People) -> ReplayResult:
    """Returns the result with what `people` knows about the people in it."""
    items = [replace(one, participant=named_person(one.participant.id, people)) for one in result.referrers.items]
    sample = [_with_names(one, people) for one in result.people.sample]
    return replace(
        result,
        referrers=replace(result.referrers, items=tuple(items)),
        people=replace(result.people, sample=tuple(sample)),
    )


def _with_names(one: RefereeChange, people: People) -> RefereeChange:
    before, after = (named_person(known.id, people) if known else None for known in (one.before, one.after))
    return RefereeChange(one.person, named_person(one.person, people).external_id, before, after)


def _referee_change(one: RefereeDifference) -> RefereeChange:
    before, after = (_unnamed(id) if id else None for id in (one.before, one.after))
    return RefereeChange(one.person, None, before, after)


def _unnamed(id: str) -> NamedPerson:
    return NamedPerson(id, None, None)
