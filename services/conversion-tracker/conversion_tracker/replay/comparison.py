"""What a replay comes to: who stands where under the recorded rules and under the other ones, the greatest change first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from conversion_tracker.replay.earnings import Earnings
from referral.events.conversions import ConversionCleared, ConversionFact, ConversionReversed
from referral.events.entities import ProgramVersion

MOST_REFERRERS = 500
MOST_PEOPLE = 100
NOBODY = Earnings()


class Pair(Struct, frozen=True):
    """A number as it is (the recorded rules) and as it would be (the other ones)."""

    before: int
    after: int

    @property
    def change(self) -> int:
        """How much more it would be."""
        return self.after - self.before


class Changed(Struct, frozen=True):
    """A referrer for whom something changes; `rewards` are the referrer's own."""

    participant: str
    referrals: Pair
    rewards: Pair


class Moved(Struct, frozen=True):
    """A follower whom somebody else brought under the other rules; None: nobody."""

    person: str
    before: str | None
    after: str | None


class Totals(Struct, frozen=True):
    """The whole program. `held` referrals wait for somebody to look at them."""

    referrals: Pair
    held: Pair
    referrer_rewards: Pair
    friend_rewards: Pair


class Comparison(Struct, frozen=True):
    """Totals; how many referrers gain and lose (first by referrals, else by rewards), and the most changed of them; how many

    followers have another referrer, and some of them.
    """

    totals: Totals
    gaining: int
    losing: int
    referrers: tuple[Changed, ...]
    people_moved: int
    people: tuple[Moved, ...]


@dataclass(slots=True)
class Standings:
    """What one run comes to: earnings by referrer, who brought each follower, how many referrals are held."""

    earnings: dict[str, Earnings] = field(default_factory=dict)
    brought: dict[str, str | None] = field(default_factory=dict)
    held: int = 0

    def told(self, line: ConversionFact, terms: ProgramVersion | None) -> None:
        """Takes a line in; `terms` are those in force when it qualified. Without any it earns nothing, as in the rewards."""
        if isinstance(line, ConversionCleared) and terms is not None:
            self.earnings.setdefault(line.referrer, Earnings()).cleared(line.id, terms, line.referrer_kind)
        elif isinstance(line, ConversionReversed) and line.referrer in self.earnings:
            self.earnings[line.referrer].fell(line.id)


def compared(before: Standings, after: Standings) -> Comparison:
    """The two side by side."""
    changed = sorted(_changed(before.earnings, after.earnings), key=_greatest)
    moved = [
        Moved(person, before.brought.get(person), after.brought.get(person))
        for person in sorted(before.brought.keys() | after.brought.keys())
        if before.brought.get(person) != after.brought.get(person)
    ]
    gains = [one.referrals.change or one.rewards.change for one in changed]
    return Comparison(
        totals=_totals(before, after),
        gaining=sum(gain > 0 for gain in gains),
        losing=sum(gain < 0 for gain in gains),
        referrers=tuple(changed[:MOST_REFERRERS]),
        people_moved=len(moved),
        people=tuple(moved[:MOST_PEOPLE]),
    )


def _changed(before: Mapping[str, Earnings], after: Mapping[str, Earnings]) -> Iterable[Changed]:
    for participant in before.keys() | after.keys():
        was, will = before.get(participant, NOBODY), after.get(participant, NOBODY)
        referrals = Pair(len(was.conversions), len(will.conversions))
        rewards = Pair(was.own, will.own)
        if referrals.change or rewards.change:
            yield Changed(participant, referrals, rewards)


def _greatest(one: Changed) -> tuple[int, int, str]:
    return -abs(one.referrals.change), -abs(one.rewards.change), one.participant


def _totals(before: Standings, after: Standings) -> Totals:
    was, will = before.earnings.values(), after.earnings.values()
    return Totals(
        referrals=Pair(sum(len(one.conversions) for one in was), sum(len(one.conversions) for one in will)),
        held=Pair(before.held, after.held),
        referrer_rewards=Pair(sum(one.own for one in was), sum(one.own for one in will)),
        friend_rewards=Pair(sum(one.friends for one in was), sum(one.friends for one in will)),
    )
