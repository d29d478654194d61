"""How far a referrer is on the way to the next milestone of a program."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from referral.entitlement.counters import cap_counters
from referral.events.reward_conditions import conditions_of
from referral.events.reward_rules import Reward
from referral.events.section import Period


class MilestoneProgress(Struct, frozen=True):
    """`friends` of the `needed` friends for the reward of `rule` count for rewards; `missing` more are needed."""

    rule: Reward
    friends: int
    needed: int

    @property
    def missing(self) -> int:
        """How many friends are still needed; at least 1."""
        return self.needed - self.friends


class CapRoom(Struct, frozen=True):
    """What a program's caps leave to a referrer: how many friends can ever count (None: any number), and how long none does.

    `full` is the longest period whose cap is reached, apart from `all`; None if the next friend counts.
    """

    ever: int | None
    full: Period | None


def cap_room(caps: Mapping[Period, int], counts: Mapping[str, int], at: datetime, zone: str) -> CapRoom:
    """Returns what is left at a time; `counts` are the counters of the referrer (`ReferrerGrants.counts`)."""
    left = {period: caps[period] - counts.get(name, 0) for period, name in cap_counters(caps, at, zone).items()}
    longest: tuple[Period, ...] = ("month", "week", "day")
    return CapRoom(
        ever=max(0, left["all"]) if "all" in left else None,
        full=next((period for period in longest if left.get(period, 1) <= 0), None),
    )


def next_milestone(rules: Iterable[Reward], friends: int, can_follow: int | None = None) -> MilestoneProgress | None:
    """Returns the progress to the nearest milestone above `friends`, which count for rewards.

    None if every milestone is reached, if there is none, or if it needs more than the `can_follow` friends who can still count.
    A milestone with conditions is left out: it counts some of the friends only, and `friends` are all who count.
    """
    ahead = [
        (rule.milestone, index, rule)
        for index, rule in enumerate(rules)
        if rule.milestone is not None and rule.milestone > friends and not conditions_of(rule)
    ]
    if not ahead:
        return None
    needed, _, rule = min(ahead, key=lambda one: one[:2])
    progress = MilestoneProgress(rule, friends, needed)
    return progress if can_follow is None or progress.missing <= can_follow else None
