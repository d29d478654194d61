"""How often content was shown and shared and links were opened. Each event counts once, however often it is sent."""

from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b
from typing import Literal

from msgspec import Struct

from referral.events.facts import Visitor

ActivityKind = Literal["shown", "shares", "clicks"]

# No person views and shares that much in a day. Without a limit, a platform that reports everything under one person's id would
# make the fold read and write the whole day for each event.
MAX_FACTS_PER_DAY = 1_000


class Activity(Struct, frozen=True, array_like=True, tag="activity"):
    """Counts of a period, or of all time. `clicks` are those of people, without robots."""

    shown: int = 0
    shares: int = 0
    clicks: int = 0

    def plus(self, kind: ActivityKind, number: int = 1) -> "Activity":
        """Returns the counts with `number` more of a kind (negative: fewer)."""
        return Activity(
            self.shown + number * (kind == "shown"),
            self.shares + number * (kind == "shares"),
            self.clicks + number * (kind == "clicks"),
        )


class ActivityDays(Struct, frozen=True, array_like=True, tag="days"):
    """Activity by name of the day, for the days of a bucket (`day_buckets`)."""

    days: dict[str, Activity] = {}

    def with_day(self, day: str, activity: Activity) -> "ActivityDays":
        """Returns the bucket with another count for one day."""
        return ActivityDays({**self.days, day: activity})


class CountedFacts(Struct, frozen=True, array_like=True, tag="seen"):
    """Which events of one person and day were counted: 64 bits of each id, sorted; at most MAX_FACTS_PER_DAY."""

    ids: tuple[int, ...] = ()

    def with_fact(self, fact: str) -> "CountedFacts | None":
        """Returns the set with one more event; None if it contains the event already, or if the day is full."""
        mark = fingerprint(fact)
        index = bisect_left(self.ids, mark)
        if len(self.ids) >= MAX_FACTS_PER_DAY or (index < len(self.ids) and self.ids[index] == mark):
            return None
        return CountedFacts((*self.ids[:index], mark, *self.ids[index:]))


class ClickClass(Struct, frozen=True, array_like=True, tag="reclass"):
    """The latest reclassification of a click: visitor class, time (ms), and the id of its line."""

    visitor: Visitor
    at_ms: int
    line: str


def click_change(known: ClickClass | None, was: Visitor, latest: ClickClass) -> int | None:
    """Returns by how much the clicks of people change (−1, 0, 1), or None if a later reclassification is known already.

    The click itself is counted by the class it was recorded with, `was`, whenever its line is folded. Reclassifications are counted
    relative to that class, so the sum is the same in any order.
    """
    if known is not None and (known.at_ms, known.line) >= (latest.at_ms, latest.line):
        return None
    before = known.visitor if known else was
    return (latest.visitor == "person") - (before == "person")


def fingerprint(fact: str) -> int:
    """Returns 64 bits of an event id. Two of a thousand ids collide once in 10¹³ such days."""
    return int.from_bytes(blake2b(fact.encode(), digest_size=8).digest(), "big")


def total(parts: Iterable[Activity]) -> Activity:
    """Returns the sum."""
    whole = Activity()
    for part in parts:
        whole = Activity(whole.shown + part.shown, whole.shares + part.shares, whole.clicks + part.clicks)
    return whole
