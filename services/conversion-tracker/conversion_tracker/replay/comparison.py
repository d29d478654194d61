"""Compares the scenario under the recorded rules with that under the other rules, the largest change first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from conversion_tracker.replay.earnings import Earnings
from referral.events.conversions import (
    ConversionCleared,
    ConversionFact,
    ConversionHeld,
    ConversionRejected,
    ConversionReversed,
)
from referral.events.entities import ProgramVersion

MAX_REFERRERS = 500
MAX_PEOPLE = 100
NO_EARNINGS = Earnings()


class BeforeAfter(Struct, frozen=True):
    """A number under the recorded rules, and under the other rules."""

    before: int
    after: int

    @property
    def change(self) -> int:
        """The difference."""
        return self.after - self.before


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
    """The numbers of one scenario: earnings by referrer, the referrer of each follower, the number of held referrals."""

    earnings: dict[str, Earnings] = field(default_factory=dict)
    referrers: dict[str, str | None] = field(default_factory=dict)
    held: int = 0

    def add_line(self, line: ConversionFact, terms: ProgramVersion | None) -> None:
        """Adds a line. `terms` is the version in force when it qualified; without one it earns nothing, as in production."""
        match line:
            case ConversionCleared():
                if terms is not None:
                    earnings = self.earnings.setdefault(line.referrer, Earnings())
                    earnings.add_conversion(line.id, terms, line.referrer_kind, line.evidence)
            case ConversionReversed():
                if line.referrer in self.earnings:
                    self.earnings[line.referrer].remove_conversion(line.id)
            case ConversionHeld() | ConversionRejected():
                pass
            case _:
                assert_never(line)


def compare(before: ScenarioResult, after: ScenarioResult) -> Comparison:
    """Returns the comparison of two scenarios."""
    changed = sorted(_referrer_differences(before.earnings, after.earnings), key=_largest_change_first)
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


def _referrer_differences(
    before: Mapping[str, Earnings], after: Mapping[str, Earnings]
) -> Iterable[ReferrerDifference]:
    for participant in before.keys() | after.keys():
        was, will = before.get(participant, NO_EARNINGS), after.get(participant, NO_EARNINGS)
        referrals = BeforeAfter(len(was.conversions), len(will.conversions))
        rewards = BeforeAfter(was.referrer_rewards, will.referrer_rewards)
        if referrals.change or rewards.change:
            yield ReferrerDifference(participant, referrals, rewards)


def _largest_change_first(one: ReferrerDifference) -> tuple[int, int, str]:
    return -abs(one.referrals.change), -abs(one.rewards.change), one.participant


def _totals(before: ScenarioResult, after: ScenarioResult) -> Totals:
    was, will = before.earnings.values(), after.earnings.values()
    return Totals(
        referrals=BeforeAfter(sum(len(one.conversions) for one in was), sum(len(one.conversions) for one in will)),
        held=BeforeAfter(before.held, after.held),
        referrer_rewards=BeforeAfter(
            sum(one.referrer_rewards for one in was), sum(one.referrer_rewards for one in will)
        ),
        friend_rewards=BeforeAfter(sum(one.referee_rewards for one in was), sum(one.referee_rewards for one in will)),
    )
