"""What is known of a period: the sums that figures are computed from. The facts of two periods add up to those of both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from leaderboard.domain import activity, growth
from leaderboard.domain.activity import Activity
from leaderboard.domain.growth import Growth

_NO_GROWTH, _NO_ACTIVITY = Growth(), Activity()


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """The facts of a period, as of now.

    `growth` counts current followers who began in it, without `excluded`, those whose referrer is banned. `posts` are those
    published in it that exist, `referrals` and `shares` what counts for each person, and `followers_before` is how many current
    followers began before the period.
    """

    growth: Growth = _NO_GROWTH
    excluded: Growth = _NO_GROWTH
    activity: Activity = _NO_ACTIVITY
    posts: int = 0
    referrals: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)
    followers_before: int = 0

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
    )


def _sum_of_people(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for part in counts:
        for person, number in part.items():
            sums[person] = sums.get(person, 0) + number
    return sums
