"""A program's deadlines: its end, the end of a month that a board counts, the end of a challenge."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from referral.events.program import Program
from referral.events.timestamps import to_datetime, to_ms

_DAY = timedelta(days=1)


def next_deadline(program: Program, timezone: str, at: int) -> int | None:
    """Returns the first deadline after a time, both in ms since the epoch; None if there is none.

    Months and challenges end at midnight in `timezone`, the one of the program's first version. Raises ZoneInfoNotFoundError or
    ValueError for an unknown time zone, OverflowError for a deadline beyond the calendar.
    """
    return min((deadline for deadline in _deadlines(program, ZoneInfo(timezone), at) if deadline > at), default=None)


def _deadlines(program: Program, zone: ZoneInfo, at: int) -> Iterator[int]:
    if program.ends_at is not None:
        yield to_ms(program.ends_at)
    if any("month" in board.periods for board in program.boards):
        first = to_datetime(at).astimezone(zone).date().replace(day=1)
        yield _midnight((first + 31 * _DAY).replace(day=1), zone)
    for challenge in program.challenges:
        yield _midnight(challenge.starts + challenge.days * _DAY, zone)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=zone))
