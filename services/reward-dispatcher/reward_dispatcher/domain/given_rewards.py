"""How many rewards were given by hour, and what they are worth: two days of it, for the console's home view."""

from collections.abc import Iterable

from msgspec import Struct

from referral.events.money import Value
from referral.events.timestamps import DAY_MS

HOUR_MS = 3_600_000
_KEPT_HOURS = 2 * DAY_MS // HOUR_MS + 1


class GivenHour(Struct, frozen=True, array_like=True):
    """The rewards of an hour, and what those with an amount are worth, by unit (minor units)."""

    number: int = 0
    worth: dict[str, int] = {}

    def plus(self, other: "GivenHour") -> "GivenHour":
        """Returns the sum."""
        worth = dict(self.worth)
        for unit, amount in other.worth.items():
            worth[unit] = worth.get(unit, 0) + amount
        return GivenHour(self.number + other.number, worth)


class GivenRewards(Struct, frozen=True, array_like=True, tag="given"):
    """Rewards by hour since the epoch; those of more than two days before the newest hour are forgotten."""

    hours: dict[int, GivenHour] = {}

    def with_reward(self, at_ms: int, value: Value | None) -> "GivenRewards":
        """Returns these and one more."""
        hour = at_ms // HOUR_MS
        least = max([hour, *self.hours]) - _KEPT_HOURS
        if hour <= least:
            return self
        one = GivenHour(1, {value.unit: value.amount} if value else {})
        kept = {number: found for number, found in self.hours.items() if number > least}
        return GivenRewards({**kept, hour: kept.get(hour, GivenHour()).plus(one)})


def given_within(parts: Iterable[GivenRewards], start_ms: int, end_ms: int) -> GivenHour:
    """Returns the sum over partitions of the hours that begin in (start, end], both at most two days ago."""
    first, last = start_ms // HOUR_MS, end_ms // HOUR_MS
    total = GivenHour()
    for part in parts:
        for hour, found in part.hours.items():
            if first < hour <= last:
                total = total.plus(found)
    return total
