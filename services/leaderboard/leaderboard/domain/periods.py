"""Periods: day, ISO week, month and all time, by the clocks on the wall of a program's zone.

A period is known by its name: `2026-11-24`, `2026-W48` (ISO 8601), `2026-11` or `all`. A program's zone is that of its
first version, for ever: were it to change, every border that was already counted by would move.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from referral.events.section import Period

PERIODS: tuple[Period, ...] = ("day", "week", "month", "all")
END_OF_TIME_S = 2**32  # the year 2106; scores hold seconds in 32 bits
_DAY = timedelta(days=1)
_NAME = re.compile(r"(\d{4})-(?:W(\d\d)|(\d\d)(?:-(\d\d))?)")


class UnknownPeriod(ValueError):
    """The text names no period; says what to write."""


@dataclass(frozen=True, slots=True)
class Window:
    """A period in a zone: `start_s` is its first second since the epoch, `end_s` the first that is no longer in it."""

    kind: Period
    name: str
    start_s: int
    end_s: int

    def contains(self, second: int) -> bool:
        """Whether a second lies in it."""
        return self.start_s <= second < self.end_s


ALL_TIME = Window("all", "all", 0, END_OF_TIME_S)


def windows(second: int, zone: str) -> tuple[Window, Window, Window, Window]:
    """The day, week, month and all time that hold a second (since the epoch) in an IANA zone."""
    return _windows(datetime.fromtimestamp(second, ZoneInfo(zone)).date(), zone)


@lru_cache(maxsize=4096)
def _windows(day: date, zone: str) -> tuple[Window, Window, Window, Window]:
    where = ZoneInfo(zone)
    return _day(day, where), _week(day, where), _month(day, where), ALL_TIME


def window(name: str, second: int, zone: str) -> Window:
    """The period with this name, or the one of this kind (`day`, `week`, …) that holds `second`. Raises UnknownPeriod."""
    if name in PERIODS:
        return windows(second, zone)[PERIODS.index(name)]
    try:
        return _parse(name, ZoneInfo(zone))
    except (ValueError, OverflowError):
        raise UnknownPeriod(
            f"{name!r} is no period: write day, week, month or all, or name one: 2026-11-24, 2026-W48, 2026-11"
        ) from None


def days(window: Window, zone: str) -> Iterator[str]:
    """The names of the days in a day, week or month."""
    where = ZoneInfo(zone)
    day = datetime.fromtimestamp(window.start_s, where).date()
    last = datetime.fromtimestamp(window.end_s - 1, where).date()
    while day <= last:
        yield day.isoformat()
        day += _DAY


def _parse(name: str, where: ZoneInfo) -> Window:
    match = _NAME.fullmatch(name)
    if match is None:
        raise UnknownPeriod(name)
    year, week, month, day = match.groups()
    if week:
        return _week(date.fromisocalendar(int(year), int(week), 1), where)
    if day:
        return _day(date(int(year), int(month), int(day)), where)
    return _month(date(int(year), int(month), 1), where)


def _day(day: date, where: ZoneInfo) -> Window:
    return Window("day", day.isoformat(), _midnight(day, where), _midnight(day + _DAY, where))


def _week(day: date, where: ZoneInfo) -> Window:
    monday = day - day.weekday() * _DAY
    year, week, _ = day.isocalendar()
    return Window("week", f"{year:04}-W{week:02}", _midnight(monday, where), _midnight(monday + 7 * _DAY, where))


def _month(day: date, where: ZoneInfo) -> Window:
    first = day.replace(day=1)
    following = (first + 31 * _DAY).replace(day=1)
    return Window("month", f"{first.year:04}-{first.month:02}", _midnight(first, where), _midnight(following, where))


def _midnight(day: date, where: ZoneInfo) -> int:
    """The first second of a day; where the clocks skip midnight, the moment they skip it."""
    return int(datetime(day.year, day.month, day.day, tzinfo=where).timestamp())
