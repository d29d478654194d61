"""Periods: day, ISO week, month, all time and the campaign, by local time in a program's time zone.

A period is identified by its name: `2026-11-24`, `2026-W48` (ISO 8601), `2026-11`, `campaign` or `all`.
A program's time zone is that of its first version and never changes, because counts are stored by the boundaries of its days.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from referral.events.board_rules import BoardPeriod, Campaign
from referral.events.section import Period

PERIODS: tuple[Period, ...] = ("day", "week", "month", "all")
END_OF_TIME_S = 2**32  # in the year 2106; scores contain seconds in 32 bits
FIRST_YEAR, LAST_YEAR = 1970, 2105  # of periods by name: all of their seconds fit into scores, in every time zone
HOW_TO_NAME_ONE = (
    f"write day, week, month, campaign or all, or name one from {FIRST_YEAR} to {LAST_YEAR}: 2026-11-24, 2026-W48,"
    " 2026-11"
)
_DAY = timedelta(days=1)
_QUARTER_S = 15 * 60  # of an hour: no day of any time zone has begun within one since 1972
_NAME = re.compile(r"([0-9]{4})-(?:W([0-9]{2})|([0-9]{2})(?:-([0-9]{2}))?)")


class UnknownPeriod(ValueError):
    """The text is not the name of a period; the message states what to write."""


@dataclass(frozen=True, slots=True)
class Window:
    """A period in a time zone: `start_s` is its first second since the epoch, `end_s` the first second after it."""

    kind: BoardPeriod
    name: str
    start_s: int
    end_s: int

    def contains(self, second: int) -> bool:
        """Whether a second is in the period."""
        return self.start_s <= second < self.end_s


ALL_TIME = Window("all", "all", 0, END_OF_TIME_S)


def windows(second: int, zone: str) -> tuple[Window, Window, Window, Window]:
    """Returns the day, week, month and all time that contain a second (since the epoch) in an IANA time zone."""
    return _windows(datetime.fromtimestamp(second, ZoneInfo(zone)).date(), zone)


def day_name(second: int, zone: str) -> str:
    """Returns the name of the day that contains a second (since the epoch) in an IANA time zone."""
    return _name_of_day(second // _QUARTER_S, zone)


@lru_cache(maxsize=4096)
def _name_of_day(quarter: int, zone: str) -> str:
    return windows(quarter * _QUARTER_S, zone)[0].name


@lru_cache(maxsize=4096)
def _windows(day: date, zone: str) -> tuple[Window, Window, Window, Window]:
    tz = ZoneInfo(zone)
    return _day(day, tz), _week(day, tz), _month(day, tz), ALL_TIME


def campaign_window(campaign: Campaign, zone: str) -> Window:
    """Returns the period of a campaign in an IANA time zone."""
    tz = ZoneInfo(zone)
    end = campaign.starts + campaign.days * _DAY
    return Window("campaign", "campaign", _midnight(campaign.starts, tz), _midnight(end, tz))


def window(name: str, second: int, zone: str) -> Window:
    """Returns the period with this name, or the one of this kind (`day`, …) that contains `second`.

    Raises UnknownPeriod for any other text, and for years before FIRST_YEAR or after LAST_YEAR.
    """
    if name in PERIODS:
        return windows(second, zone)[PERIODS.index(name)]
    try:
        return _parse(name, ZoneInfo(zone))
    except ValueError:
        raise UnknownPeriod(f"{name[:32]!r} is not a period: {HOW_TO_NAME_ONE}") from None


def kind_of(name: str) -> BoardPeriod:
    """Returns what kind of period a name is of, e.g. "2026-W48" → "week"."""
    if "W" in name:
        return "week"
    if name in ("all", "campaign"):
        return "all" if name == "all" else "campaign"
    return "month" if name.count("-") == 1 else "day"


def days(window: Window, zone: str) -> Iterator[str]:
    """The names of the days in a day, week, month or campaign."""
    tz = ZoneInfo(zone)
    day = datetime.fromtimestamp(window.start_s, tz).date()
    last = datetime.fromtimestamp(window.end_s - 1, tz).date()
    while day <= last:
        yield day.isoformat()
        day += _DAY


def _parse(name: str, tz: ZoneInfo) -> Window:
    match = _NAME.fullmatch(name)
    if match is None:
        raise UnknownPeriod(name)
    year, week, month, day = match.groups()
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise UnknownPeriod(name)
    if week:
        return _week(date.fromisocalendar(int(year), int(week), 1), tz)
    if day:
        return _day(date(int(year), int(month), int(day)), tz)
    return _month(date(int(year), int(month), 1), tz)


def _day(day: date, tz: ZoneInfo) -> Window:
    return Window("day", day.isoformat(), _midnight(day, tz), _midnight(day + _DAY, tz))


def _week(day: date, tz: ZoneInfo) -> Window:
    monday = day - day.weekday() * _DAY
    year, week, _ = day.isocalendar()
    return Window("week", f"{year:04}-W{week:02}", _midnight(monday, tz), _midnight(monday + 7 * _DAY, tz))


def _month(day: date, tz: ZoneInfo) -> Window:
    first = day.replace(day=1)
    next_month = (first + 31 * _DAY).replace(day=1)
    return Window("month", f"{first.year:04}-{first.month:02}", _midnight(first, tz), _midnight(next_month, tz))


def _midnight(day: date, tz: ZoneInfo) -> int:
    """The first second of a day. If a change of the clocks skips midnight, the second at which it does."""
    return int(datetime(day.year, day.month, day.day, tzinfo=tz).timestamp())
