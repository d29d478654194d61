"""Times as platforms write them beside comments and messages: dates, hours, and "3 hours ago", in Chinese and English. Pure.

A written time has a unit, such as a day or a minute. The event is dated at the end of it, though never after now: so the code of
someone who was enrolled in the course of a day counts for a comment of that day.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo

_CLOCK = r"(?P<hour>[01]?\d|2[0-3])[:：](?P<minute>[0-5]\d)(?:[:：](?P<second>[0-5]\d))?"
_DATE = r"(?:(?P<year>20\d\d)[-/.年]\s?)?(?P<month>1[0-2]|0?[1-9])[-/.月]\s?(?P<day>3[01]|[12]\d|0?[1-9])日?"
_NAMED_DAY = r"(?P<named>今天|昨天|前天|[Tt]oday|[Yy]esterday)"
_AGO = re.compile(
    r"(?P<number>\d{1,4})\s?(?P<unit>秒|分钟|小时|天|周|s|sec|seconds?|m|min|minutes?|h|hr|hours?|d|days?|w|weeks?)\s?(?:前|ago)"
)
_JUST_NOW = re.compile(r"刚刚|刚才|[Jj]ust now")
_ABSOLUTE = re.compile(rf"(?:{_DATE}|{_NAMED_DAY})(?:[T\s]*{_CLOCK})?(?:\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?")
_CLOCK_ALONE = re.compile(_CLOCK)
_DAYS_BACK = {"今天": 0, "today": 0, "昨天": 1, "yesterday": 1, "前天": 2}
_UNITS = {"秒": "seconds", "分": "minutes", "小": "hours", "天": "days", "周": "weeks"} | {
    letter: name for name in ("seconds", "minutes", "hours", "days", "weeks") for letter in (name[0],)
}
_REST = re.compile(r"[\s·,，]*(?:来自|IP属地[:：]?\s?|from\s)?[^\W\d_]{0,12}[\s·]*(?:回复|Reply)?")
"""What may follow a time: where the author is, and the link to reply."""


def read_time(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The time that a text states, in UTC; None if it states none, or one after tomorrow. `zone` is that of the program."""
    text = text.strip()
    for read in (_ago, _absolute, _clock_today):
        found = read(text, now.astimezone(zone))
        if found is not None:
            return None if found[0] > now + timedelta(days=1) else min(found[0], now).astimezone(UTC)
    return None


def is_time_line(text: str) -> bool:
    """Whether a line is a time and what platforms write after it, such as a place: `11-03 上海 回复`."""
    for pattern in (_JUST_NOW, _AGO, _ABSOLUTE, _CLOCK_ALONE):
        found = pattern.match(text.strip())
        if found and _REST.fullmatch(text.strip()[found.end() :]):
            return True
    return False


def trailing_time(text: str) -> tuple[str, str] | None:
    """A text that ends with a date and an hour, as (what is before, the time): the head of a message, `小鹿 11月3日 10:20`."""
    pattern = rf"(?P<name>\S.{{0,63}}?)\s+(?P<time>(?:{_DATE}|{_NAMED_DAY})\s*{_CLOCK})"
    found = re.fullmatch(pattern, text.strip())
    return (found["name"], found["time"]) if found else None


def _ago(text: str, now: datetime) -> tuple[datetime] | None:
    if _JUST_NOW.match(text):
        return (now,)
    found = _AGO.match(text)
    if found is None:
        return None
    unit = _UNITS[found["unit"][0]]
    return (now - timedelta(**{unit: int(found["number"])}),)


def _absolute(text: str, now: datetime) -> tuple[datetime] | None:
    found = _ABSOLUTE.match(text)
    if found is None:
        return None
    try:
        day = _day(found, now)
    except ValueError:  # such as 30 February
        return None
    moment = _at_clock(day, found)
    zone = found["zone"]
    if zone:
        moment = moment.replace(tzinfo=datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo)
    return (moment,)


def _day(found: "re.Match[str]", now: datetime) -> datetime:
    if found["named"]:
        return now - timedelta(days=_DAYS_BACK[found["named"].lower()])
    month, day = int(found["month"]), int(found["day"])
    if found["year"]:
        return now.replace(year=int(found["year"]), month=month, day=day)
    this_year = now.replace(month=month, day=day)
    return this_year if this_year <= now + timedelta(days=1) else this_year.replace(year=now.year - 1)


def _clock_today(text: str, now: datetime) -> tuple[datetime] | None:
    found = _CLOCK_ALONE.match(text)
    return (_at_clock(now, found),) if found else None


def _at_clock(day: datetime, found: "re.Match[str]") -> datetime:
    if found["hour"] is None:
        return day.replace(hour=23, minute=59, second=59, microsecond=0)
    second = int(found["second"]) if found["second"] else 59
    return day.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=second, microsecond=0)
