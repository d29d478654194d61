"""The result of a replay as it is kept and answered: the comparison with names, and whether it can be trusted."""

import msgspec

from conversion_tracker.replay.comparison import Changed, Moved, Pair, Totals
from conversion_tracker.replay.consistency import Difference
from conversion_tracker.replay.replay_run import Replayed
from referral.catalog.view import Catalog


class Named(msgspec.Struct, frozen=True):
    """A participant."""

    id: str
    external_id: str | None
    display_name: str | None


class ReferrerChange(msgspec.Struct, frozen=True):
    """What changes for a referrer."""

    participant: Named
    referrals: Pair
    rewards: Pair


class PersonChange(msgspec.Struct, frozen=True):
    """A follower whom somebody else brought."""

    person: str
    before: Named | None
    after: Named | None


class Referrers(msgspec.Struct, frozen=True):
    """How many gain and lose, and those with the greatest change."""

    gaining: int
    losing: int
    items: tuple[ReferrerChange, ...]


class People(msgspec.Struct, frozen=True):
    """How many followers have another referrer, and some of them."""

    changed: int
    sample: tuple[PersonChange, ...]


class AsRecorded(msgspec.Struct, frozen=True):
    """Whether the replay under the recorded rules said what the live folds said."""

    equal: bool
    lines: int
    differences: int
    sample: tuple[Difference, ...]


class Result(msgspec.Struct, frozen=True):
    """All of it."""

    totals: Totals
    referrers: Referrers
    people: People
    as_recorded: AsRecorded


def result_of(replayed: Replayed, catalog: Catalog) -> Result:
    """The result, with names from the catalog."""
    found, agreed = replayed.comparison, replayed.agreement
    return Result(
        found.totals,
        Referrers(found.gaining, found.losing, tuple(_referrer(one, catalog) for one in found.referrers)),
        People(found.people_moved, tuple(_person(one, catalog) for one in found.people)),
        AsRecorded(agreed.equal, agreed.lines, agreed.differences, agreed.shown),
    )


def _referrer(one: Changed, catalog: Catalog) -> ReferrerChange:
    return ReferrerChange(_named(one.participant, catalog), one.referrals, one.rewards)


def _person(one: Moved, catalog: Catalog) -> PersonChange:
    before, after = (_named(id, catalog) if id else None for id in (one.before, one.after))
    return PersonChange(one.person, before, after)


def _named(id: str, catalog: Catalog) -> Named:
    found = catalog.participant(id)
    return Named(id, found.external_id if found else None, found.display_name if found else None)
