"""What is known of a period: the sums that figures are computed from. The facts of two periods add up to those of both."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from leaderboard.domain import activity, growth, spread
from leaderboard.domain.activity import Activity
from leaderboard.domain.growth import AGES, Growth, departed
from leaderboard.domain.spread import Spread

_NO_GROWTH, _NO_ACTIVITY, _NO_SPREAD = Growth(), Activity(), Spread()


@dataclass(frozen=True, slots=True)
class Retained:
    """Of `began` people, how many still followed at an age."""

    stayed: int = 0
    began: int = 0

    def plus(self, other: "Retained") -> "Retained":
        """Returns the people of both."""
        return Retained(self.stayed + other.stayed, self.began + other.began)


Retention = Mapping[tuple[str, int], Retained]
"""Who stayed, by source (referred, discovered) and age in days, of those who are as old by now."""


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """The facts of a period, as of now.

    `growth` counts current followers who began in it, without `excluded`, those whose referrer is banned. `activity_parts` is
    `activity` by name of the part (`growth.part_name`). `posts` are those
    published in it that exist, `referrals` and `shares` what counts for each person, and `followers_before` is how many current
    followers began before the period. `spread` and `retention` are those of the people who began in it.
    """

    growth: Growth = _NO_GROWTH
    excluded: Growth = _NO_GROWTH
    activity: Activity = _NO_ACTIVITY
    posts: int = 0
    referrals: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)
    followers_before: int = 0
    spread: Spread = _NO_SPREAD
    retention: Retention = field(default_factory=dict)
    activity_parts: Mapping[str, Activity] = field(default_factory=dict)

    @property
    def followers(self) -> int:
        """All who follow: referred, discovered and excluded."""
        return self.growth.followers + self.excluded.followers


def total(periods: Iterable[PeriodFacts]) -> PeriodFacts:
    """Returns the facts of consecutive periods together, the earliest first."""
    parts = list(periods)
    return PeriodFacts(
        growth.total(one.growth for one in parts),
        growth.total(one.excluded for one in parts),
        activity.total(one.activity for one in parts),
        sum(one.posts for one in parts),
        _sum_of_people(one.referrals for one in parts),
        _sum_of_people(one.shares for one in parts),
        parts[0].followers_before if parts else 0,
        spread.total(one.spread for one in parts),
        sum_of_retention(one.retention for one in parts),
        activity.total_by_part(one.activity_parts for one in parts),
    )


def retention_of_day(counts: Growth, is_reached: Callable[[int], bool]) -> Retention:
    """Returns who stayed of those who began on a day, at the ages (days) that all of them have reached by now."""
    found = {}
    for source, now, referred in (("referred", counts.attributed, True), ("discovered", counts.unattributed, False)):
        began = now + departed(counts, referred)
        for age in AGES:
            if is_reached(age) and began:
                found[source, age] = Retained(began - departed(counts, referred, age), began)
    return found


def sum_of_retention(parts: Iterable[Retention]) -> Retention:
    """Returns who stayed of the people of all parts."""
    sums: dict[tuple[str, int], Retained] = {}
    for part in parts:
        for key, retained in part.items():
            sums[key] = sums.get(key, Retained()).plus(retained)
    return sums


def _sum_of_people(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for part in counts:
        for person, number in part.items():
            sums[person] = sums.get(person, 0) + number
    return sums
