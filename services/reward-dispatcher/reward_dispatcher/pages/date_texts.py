"""Dates and durations as pages show them. Dates are in the time zone of the program, short, without a place for a line break."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, format_timedelta
from babel.units import format_unit
from flask_babel import get_locale

from referral.events.timestamps import to_datetime
from referral.pages.phrases import unbroken


def day_text(at_ms: int, zone: str, now_ms: int) -> str:
    """Returns `Dec 18`, and the year with it if it is another than that of `now_ms`."""
    at, now = _in_zone(at_ms, zone), _in_zone(now_ms, zone)
    return unbroken(format_skeleton("MMMd" if at.year == now.year else "yMMMd", at, locale=get_locale()))


def moment_text(at_ms: int, zone: str) -> str:
    """Returns date and time, such as `Dec 18, 2026 14:02`."""
    at = _in_zone(at_ms, zone)
    return unbroken(f"{format_skeleton('yMMMd', at, locale=get_locale())} {at:%H:%M}")


def duration_text(seconds: float) -> str:
    """Returns `0.4 seconds`, and the largest unit alone from a minute on: `3 hours`."""
    if seconds < 60:
        return format_unit(round(seconds, 1), "second", locale=get_locale())
    return format_timedelta(timedelta(seconds=seconds), locale=get_locale())


def _in_zone(at_ms: int, zone: str) -> datetime:
    return to_datetime(at_ms).astimezone(ZoneInfo(zone))
