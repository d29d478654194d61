"""When the digest of a program is sent, and about which days. Pure; times are milliseconds since the epoch."""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from referral.events.promoter_messages import Digest, minute_of
from referral.events.timestamps import DAY_MS, to_datetime, to_ms

LATEST_MS = DAY_MS
"""How late a digest is still sent: after a longer outage it is left out, and the next one follows."""


class DigestPeriod(NamedTuple):
    """The days that a digest is about, both included, and when it is due."""

    first: date
    last: date
    due_ms: int


def newest_period(digest: Digest, zone: str, now_ms: int) -> DigestPeriod:
    """Returns the period of the digest that was due last: the day before, or the week from Monday to Sunday before."""
    local = to_datetime(now_ms).astimezone(ZoneInfo(zone))
    due = _at(local.date(), digest.at, zone)
    day = local.date() if to_ms(due) <= now_ms else local.date() - timedelta(days=1)
    if digest.every == "week":
        monday = day - timedelta(days=day.weekday())
        return DigestPeriod(monday - timedelta(days=7), monday - timedelta(days=1), to_ms(_at(monday, digest.at, zone)))
    before = day - timedelta(days=1)
    return DigestPeriod(before, before, to_ms(_at(day, digest.at, zone)))


def _at(day: date, time_of_day: str, zone: str) -> datetime:
    hours, minutes = divmod(minute_of(time_of_day), 60)
    return datetime(day.year, day.month, day.day, hours, minutes, tzinfo=ZoneInfo(zone))
