"""Compares the scenario under the recorded rules with that under the other rules, the largest change first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.replay.earnings import Earnings, ReferrerEarnings

MAX_REFERRERS = 500
MAX_PEOPLE = 100
NO_EARNINGS = ReferrerEarnings()


class BeforeAfter(Struct, frozen=True):
    """A number under the recorded rules, and under the other rules."""

    before: int
    after: int

    @property
    def change(self) -> int:
        """The difference."""
        return self.after - self.before


class AmountChange(Struct, frozen=True):
    """An amount under the recorded rules, and under the other rules."""

    unit: Annotated[str, Meta(description="an ISO 4217 code such as CNY, or points")]
    before: Annotated[int, Meta(description="in minor units, such as fen, or in points")]
    after: int


class ReferrerDifference(Struct, frozen=True):
    """A referrer whose numbers differ; `rewards` are the referrer's own."""

    participant: str
    referrals: BeforeAfter
    rewards: BeforeAfter


class RefereeDifference(Struct, frozen=True):
    """A follower whose referrer differs; None without a referrer."""

    person: str
    before: str | None
    after: str | None


class Totals(Struct, frozen=True):
    """The whole program."""

    referrals: Annotated[BeforeAfter, Meta(description="referrals that count")]
    held: Annotated[BeforeAfter, Meta(description="referrals that wait for a review")]
    referrer_rewards: BeforeAfter
    friend_rewards: BeforeAfter
    capped: Annotated[BeforeAfter, Meta(description="referrals whose referrer earns nothing because of a cap")]
    values: Annotated[tuple[AmountChange, ...], Meta(description="what the rewards are worth that have an amount")]
    costs: Annotated[tuple[AmountChange, ...], Meta(description="what the rewards cost: their `cost`, or their amount")]


class Comparison(Struct, frozen=True):
    """Totals, and what changes for referrers and for followers.

    `gaining` and `losing` are numbers of referrers, by referrals first and then by rewards; `referrers` are those with the largest
    changes. `people_moved` is the number of followers with another referrer, `people` some of them.
    """

    totals: Totals
    gaining: int
    losing: int
    referrers: tuple[ReferrerDifference, ...]
    people_moved: int
    people: tuple[RefereeDifference, ...]


@dataclass(slots=True)
class ScenarioResult:
    """The numbers of one scenario: earnings, the referrer of each follower, the number of held referrals."""

    earnings: Earnings
    referrers: dict[str, str | None] = field(default_factory=dict)
    held: int = 0


def compare(before: ScenarioResult, after: ScenarioResult) -> Comparison:
    """Returns the comparison of two scenarios."""
    changed = sorted(_referrer_differences(before, after), key=_largest_change_first)
    moved = [
        RefereeDifference(person, before.referrers.get(person), after.referrers.get(person))
        for person in sorted(before.referrers.keys() | after.referrers.keys())
        if before.referrers.get(person) != after.referrers.get(person)
    ]
    gains = [one.referrals.change or one.rewards.change for one in changed]
    return Comparison(
        totals=_totals(before, after),
        gaining=sum(gain > 0 for gain in gains),
        losing=sum(gain < 0 for gain in gains),
        referrers=tuple(changed[:MAX_REFERRERS]),
        people_moved=len(moved),
        people=tuple(moved[:MAX_PEOPLE]),
    )


def _referrer_differences(before: ScenarioResult, after: ScenarioResult) -> Iterable[ReferrerDifference]:
    earned_before, earned_after = before.earnings.by_referrer(), after.earnings.by_referrer()
    for participant in earned_before.keys() | earned_after.keys():
        was, will = earned_before.get(participant, NO_EARNINGS), earned_after.get(participant, NO_EARNINGS)
        referrals = BeforeAfter(was.referrals, will.referrals)
        rewards = BeforeAfter(was.rewards, will.rewards)
        if referrals.change or rewards.change:
            yield ReferrerDifference(participant, referrals, rewards)


def _largest_change_first(one: ReferrerDifference) -> tuple[int, int, str]:
    return -abs(one.referrals.change), -abs(one.rewards.change), one.participant


def _totals(before: ScenarioResult, after: ScenarioResult) -> Totals:
    was, will = before.earnings, after.earnings
    return Totals(
        referrals=BeforeAfter(was.referrals(), will.referrals()),
        held=BeforeAfter(before.held, after.held),
        referrer_rewards=BeforeAfter(was.rewards_of("referrer"), will.rewards_of("referrer")),
        friend_rewards=BeforeAfter(was.rewards_of("referee"), will.rewards_of("referee")),
        capped=BeforeAfter(was.capped(), will.capped()),
        values=_amount_changes(was.values(), will.values()),
        costs=_amount_changes(was.costs(), will.costs()),
    )


def _amount_changes(before: Counter[str], after: Counter[str]) -> tuple[AmountChange, ...]:
    return tuple(AmountChange(unit, before[unit], after[unit]) for unit in sorted(before.keys() | after.keys()))
