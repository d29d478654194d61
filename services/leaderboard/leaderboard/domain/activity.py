"""How often content was shown and shared, links were opened and posts viewed. Each event counts once, however often it is sent."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Literal, assert_never, cast

from msgspec import Struct

from leaderboard.domain.growth import MAX_PARTS, PartKind
from referral.events.facts import Visitor

ActivityKind = Literal["shown", "shares", "clicks", "post_views"]

# No person views and shares that much in a day. Without a limit, a platform that reports everything under one person's id would
# make the fold read and write the whole day for each event.
MAX_FACTS_PER_DAY = 1_000


class Activity(Struct, frozen=True, array_like=True, tag="activity"):
    """Counts of a period, or of all time. `clicks` are those of people, without robots; `post_views` are of posts by followers."""

    shown: int = 0
    shares: int = 0
    clicks: int = 0
    post_views: int = 0

    def plus(self, kind: ActivityKind, number: int = 1) -> "Activity":
        """Returns the counts with `number` more of a kind (negative: fewer)."""
        shown, shares, clicks, views = self.shown, self.shares, self.clicks, self.post_views
        match kind:
            case "shown":
                return Activity(shown + number, shares, clicks, views)
            case "shares":
                return Activity(shown, shares + number, clicks, views)
            case "clicks":
                return Activity(shown, shares, clicks + number, views)
            case "post_views":
                return Activity(shown, shares, clicks, views + number)
            case _:
                assert_never(kind)


class ActivityDays(Struct, frozen=True, array_like=True, tag="days"):
    """Activity by name of the day, for the days of a bucket (`day_buckets`)."""

    days: dict[str, Activity] = {}

    def with_day(self, day: str, activity: Activity) -> "ActivityDays":
        """Returns the bucket with another count for one day."""
        return ActivityDays({**self.days, day: activity})


class ActivityParts(Struct, frozen=True, array_like=True, tag="parts"):
    """Activity of the days of a UTC day, by name of the day in the program's time zone and by name of a part (`growth.part_name`).

    A day has at most MAX_PARTS content items and calls to action; activity with others is part of the whole alone.
    """

    days: dict[str, dict[str, Activity]] = {}

    def plus(self, day: str, names: Sequence[str], kind: ActivityKind, number: int) -> "ActivityParts":
        """Returns the counts with `number` more of a kind (negative: fewer) for each named part of a day."""
        parts = dict(self.days.get(day, {}))
        for name in names:
            if name in parts or _has_room(parts, name):
                parts[name] = parts.get(name, _NOTHING).plus(kind, number)
        return ActivityParts({**self.days, day: {name: one for name, one in parts.items() if one != _NOTHING}})


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


def number_of(activity: Activity, kind: ActivityKind) -> int:
    """Returns the count of a kind."""
    match kind:
        case "shown":
            return activity.shown
        case "shares":
            return activity.shares
        case "clicks":
            return activity.clicks
        case "post_views":
            return activity.post_views
        case _:
            assert_never(kind)


def total(parts: Iterable[Activity]) -> Activity:
    """Returns the sum."""
    whole = _NOTHING
    for part in parts:
        whole = _sum(whole, part)
    return whole


def total_by_part(days: Iterable[Mapping[str, Activity]]) -> dict[str, Activity]:
    """Returns the sums by name of the part."""
    sums: dict[str, Activity] = {}
    for parts in days:
        for name, one in parts.items():
            sums[name] = _sum(sums[name], one) if name in sums else one
    return sums


def _sum(one: Activity, other: Activity) -> Activity:
    return Activity(
        one.shown + other.shown,
        one.shares + other.shares,
        one.clicks + other.clicks,
        one.post_views + other.post_views,
    )


def _has_room(parts: Mapping[str, Activity], name: str) -> bool:
    """Channels are a fixed list; of content items and calls to action a day has a limited number."""
    kind = name.partition(":")[0]
    most = MAX_PARTS.get(cast("PartKind", kind))
    return most is None or sum(known.startswith(f"{kind}:") for known in parts) < most


_NOTHING = Activity()
