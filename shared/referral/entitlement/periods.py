"""Days, ISO weeks and months of a program's time zone: the names by which caps and tiers count, the numbers by which streaks do."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from referral.events.reward_rules import StreakUnit
from referral.events.section import Period

_QUARTER_S = 15 * 60  # of an hour: no day of any time zone has begun within one since 1972


def period_name(period: Period, at: datetime, zone: str) -> str:
    """The name of the period that contains a time: `2026-11-24`, `2026-W48` (ISO 8601), `2026-11` or `all`. They sort by time."""
    local = local_date(at, zone)
    match period:
        case "day":
            return f"{local:%Y-%m-%d}"
        case "week":
            return f"{local:%G-W%V}"
        case "month":
            return f"{local:%Y-%m}"
        case "all":
            return "all"


def unit_number(unit: StreakUnit, at: datetime, zone: str) -> int:
    """The number of the day or the week that contains a time: those of neighbours differ by 1."""
    ordinal = local_date(at, zone).toordinal()
    return ordinal if unit == "day" else (ordinal - 1) // 7  # the ordinal of a Monday is 1 more than a multiple of 7


def first_day(unit: StreakUnit, number: int) -> date:
    """The first day of the day or the week with a number."""
    return date.fromordinal(number if unit == "day" else number * 7 + 1)


def local_date(at: datetime, zone: str) -> date:
    """The date of a time in an IANA time zone."""
    return _local_date(int(at.timestamp()) // _QUARTER_S, zone)


@lru_cache(maxsize=4096)
def _local_date(quarter: int, zone: str) -> date:
    return datetime.fromtimestamp(quarter * _QUARTER_S, ZoneInfo(zone)).date()
