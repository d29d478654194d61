"""Ranges of days in a program's time zone, and the days, weeks or months that they consist of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, assert_never

Unit = Literal["day", "week", "month", "all"]
"""What a point of a series covers; `all` is one point for the whole range."""
MAX_DAYS = 366
FIRST_YEAR, LAST_YEAR = 2000, 2100
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DateRange:
    """All days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a range ends on its first day or later")

    @property
    def length(self) -> int:
        """The number of days."""
        return (self.last - self.first).days + 1

    @property
    def days(self) -> Iterator[date]:
        """Each day, in order."""
        return (self.first + number * _DAY for number in range(self.length))

    @property
    def name(self) -> str:
        """The name of a period if the range is one (`2026-11-24`, `2026-W48`, `2026-11`); otherwise `2026-11-03/2026-11-09`."""
        if self.length == 1:
            return self.first.isoformat()
        if self == whole_week(self.first):
            year, week, _ = self.first.isocalendar()
            return f"{year:04}-W{week:02}"
        if self == whole_month(self.first):
            return f"{self.first:%Y-%m}"
        return f"{self.first}/{self.last}"


def whole_week(day: date) -> DateRange:
    """Returns the ISO week that contains a day."""
    monday = day - day.weekday() * _DAY
    return DateRange(monday, monday + 6 * _DAY)


def whole_month(day: date) -> DateRange:
    """Returns the month that contains a day."""
    first = day.replace(day=1)
    return DateRange(first, (first + 31 * _DAY).replace(day=1) - _DAY)


def whole_units(chosen: DateRange, unit: Unit) -> DateRange:
    """Returns the range extended to whole weeks or months, if these are its points."""
    match unit:
        case "day" | "all":
            return chosen
        case "week":
            return DateRange(whole_week(chosen.first).first, whole_week(chosen.last).last)
        case "month":
            return DateRange(whole_month(chosen.first).first, whole_month(chosen.last).last)
        case _:
            assert_never(unit)


def points_of(chosen: DateRange, unit: Unit) -> list[DateRange]:
    """Returns the days, weeks or months of a range that consists of whole ones; the range itself for `all`."""
    match unit:
        case "day":
            return [DateRange(day, day) for day in chosen.days]
        case "week":
            return list(_consecutive(chosen, whole_week))
        case "month":
            return list(_consecutive(chosen, whole_month))
        case "all":
            return [chosen]
        case _:
            assert_never(unit)


def range_before(chosen: DateRange, unit: Unit) -> DateRange:
    """Returns the range directly before, of as many days, weeks or months."""
    if unit == "month":
        months = len(points_of(chosen, "month"))
        first = chosen.first
        for _ in range(months):
            first = whole_month(first - _DAY).first
        return DateRange(first, chosen.first - _DAY)
    return DateRange(chosen.first - chosen.length * _DAY, chosen.first - _DAY)


def periods_covering(chosen: DateRange) -> list[str]:
    """Returns the names of few whole months, ISO weeks and days that together are the range."""
    names, day = [], chosen.first
    while day <= chosen.last:
        whole = next(one for one in _candidates(day, chosen.last) if one.first == day and one.last <= chosen.last)
        names.append(whole.name)
        day = whole.last + _DAY
    return names


def _candidates(day: date, last: date) -> Iterator[DateRange]:
    """The month, week and day that contain a day; not a week that runs into a month which could be taken as a whole."""
    yield whole_month(day)
    week = whole_week(day)
    if week.last.month == day.month or whole_month(week.last).last > last:
        yield week
    yield DateRange(day, day)


def _consecutive(chosen: DateRange, whole: Callable[[date], DateRange]) -> Iterator[DateRange]:
    day = chosen.first
    while day <= chosen.last:
        yield whole(day)
        day = whole(day).last + _DAY
