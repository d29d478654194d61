"""What people do: how often content was shown and shared, and links opened. Each fact counts once, however often it is
sent.
"""

from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b
from typing import Literal

from msgspec import Struct

from referral.events.facts import Visitor

ActivityKind = Literal["shown", "shares", "clicks"]

# No person sees and shares so much in a day. Without a bound, a platform that tells everything under one person's id
# would have the fold read and write all of its day for each fact.
MAX_FACTS_PER_DAY = 1_000


class Activity(Struct, frozen=True, array_like=True, tag="activity"):
    """Counts of a period, or of all time. `clicks` are people's, not robots'."""

    shown: int = 0
    shares: int = 0
    clicks: int = 0

    def plus(self, kind: ActivityKind, number: int = 1) -> "Activity":
        """The same with `number` more, negative for fewer."""
        return Activity(
            self.shown + number * (kind == "shown"),
            self.shares + number * (kind == "shares"),
            self.clicks + number * (kind == "clicks"),
        )


class ActivityDays(Struct, frozen=True, array_like=True, tag="days"):
    """Activity by the name of the day, for the days that touch a block (see `blocks`)."""

    days: dict[str, Activity] = {}

    def with_day(self, day: str, activity: Activity) -> "ActivityDays":
        """The same with another count for one day."""
        return ActivityDays({**self.days, day: activity})


class CountedFacts(Struct, frozen=True, array_like=True, tag="seen"):
    """Which facts of one person and day were counted: 64 bits for each id, sorted; MOST_A_DAY at most."""

    ids: tuple[int, ...] = ()

    def with_fact(self, fact: str) -> "CountedFacts | None":
        """The same with one more fact; None where it was seen already, or the day is full."""
        mark = fingerprint(fact)
        place = bisect_left(self.ids, mark)
        if len(self.ids) >= MAX_FACTS_PER_DAY or (place < len(self.ids) and self.ids[place] == mark):
            return None
        return CountedFacts((*self.ids[:place], mark, *self.ids[place:]))


class ClickClass(Struct, frozen=True, array_like=True, tag="reclass"):
    """What was said last of a click that was reclassed: its class, when that was said (ms), and in which line."""

    visitor: Visitor
    at_ms: int
    line: str


def click_change(known: ClickClass | None, was: Visitor, told: ClickClass) -> int | None:
    """By how much people's clicks change (−1, 0, 1); None where something later is known already.

    The click itself counts by the class it was recorded with, `was`, whenever its line is folded; so what is said of it counts
    from there, and the sum is the same in any order.
    """
    if known is not None and (known.at_ms, known.line) >= (told.at_ms, told.line):
        return None
    before = known.visitor if known else was
    return (told.visitor == "person") - (before == "person")


def fingerprint(fact: str) -> int:
    """64 bits for a fact's id. That any two of a thousand ids agree by chance happens once in 10¹³ such days."""
    return int.from_bytes(blake2b(fact.encode(), digest_size=8).digest(), "big")


def total(parts: Iterable[Activity]) -> Activity:
    """All of them together."""
    whole = Activity()
    for part in parts:
        whole = Activity(whole.shown + part.shown, whole.shares + part.shares, whole.clicks + part.clicks)
    return whole
