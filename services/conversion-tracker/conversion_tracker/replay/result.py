"""The result of a replay as it is kept and answered: the comparison with names, and whether it can be trusted."""

import msgspec

from conversion_tracker.replay.comparison import BeforeAfter, RefereeDifference, ReferrerDifference, Totals
from conversion_tracker.replay.consistency import LineDifference
from conversion_tracker.replay.replay_run import ReplayOutcome
from referral.catalog.view import Catalog


class NamedParticipant(msgspec.Struct, frozen=True):
    """A participant."""

    id: str
    external_id: str | None
    display_name: str | None


class ReferrerChange(msgspec.Struct, frozen=True):
    """What changes for a referrer."""

    participant: NamedParticipant
    referrals: BeforeAfter
    rewards: BeforeAfter


class PersonChange(msgspec.Struct, frozen=True):
    """A follower whom somebody else brought."""

    person: str
    before: NamedParticipant | None
    after: NamedParticipant | None


class ReferrerChanges(msgspec.Struct, frozen=True):
    """How many gain and lose, and those with the greatest change."""

    gaining: int
    losing: int
    items: tuple[ReferrerChange, ...]


class PeopleChanges(msgspec.Struct, frozen=True):
    """How many followers have another referrer, and some of them."""

    changed: int
    sample: tuple[PersonChange, ...]


class AsRecorded(msgspec.Struct, frozen=True):
    """Whether the replay under the recorded rules said what the live folds said."""

    equal: bool
    lines: int
    differences: int
    sample: tuple[LineDifference, ...]


class ReplayResult(msgspec.Struct, frozen=True):
    """All of it."""

    totals: Totals
    referrers: ReferrerChanges
    people: PeopleChanges
    as_recorded: AsRecorded


def replay_result(replayed: ReplayOutcome, catalog: Catalog) -> ReplayResult:
    """The result, with names from the catalog."""
    found, agreed = replayed.comparison, replayed.consistency
    return ReplayResult(
        found.totals,
        ReferrerChanges(found.gaining, found.losing, tuple(_referrer_change(one, catalog) for one in found.referrers)),
        PeopleChanges(found.people_moved, tuple(_person_change(one, catalog) for one in found.people)),
        AsRecorded(agreed.equal, agreed.lines, agreed.differences, agreed.sample),
    )


def _referrer_change(one: ReferrerDifference, catalog: Catalog) -> ReferrerChange:
    return ReferrerChange(_named_participant(one.participant, catalog), one.referrals, one.rewards)


def _person_change(one: RefereeDifference, catalog: Catalog) -> PersonChange:
    before, after = (_named_participant(id, catalog) if id else None for id in (one.before, one.after))
    return PersonChange(one.person, before, after)


def _named_participant(id: str, catalog: Catalog) -> NamedParticipant:
    found = catalog.participant(id)
    return NamedParticipant(id, found.external_id if found else None, found.display_name if found else None)
