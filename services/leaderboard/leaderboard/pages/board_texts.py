"""Texts of periods, prizes and closing times, in the language of the request and the time zone of the program."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, format_skeleton, get_timezone_location
from flask_babel import get_locale, lazy_gettext

from leaderboard.domain.periods import Window
from referral.events.section import Period
from referral.pages.languages import gettext, ngettext

TABS: Mapping[Period, object] = {
    "day": lazy_gettext("Today"),
    "week": lazy_gettext("Week"),
    "month": lazy_gettext("Month"),
    "all": lazy_gettext("All time"),
}
_DAY = {"en": "EEEE, MMMM d", "zh": "M月d日EEEE"}
# Common names of prizes; any other name is shown as the program file has it.
_PRIZES = {
    "grand": lazy_gettext("Grand prize"),
    "gift": lazy_gettext("Gift"),
    "voucher": lazy_gettext("Voucher"),
    "shoutout": lazy_gettext("Shout-out"),
}


def heading(window: Window, zone: str) -> str:
    """The title of a period: `November 2026`, `23 – 29 November`, `Tuesday, 24 November`, `All time`."""
    first, last = _days(window, zone)
    match window.kind:
        case "day":
            return _day(first)
        case "week":
            return format_interval(first.date(), last.date(), "MMMd", locale=get_locale())
        case "month":
            return format_skeleton("yMMMM", first, locale=get_locale())
        case _:
            return gettext("All time")


def rank_range(ranks: str) -> str:
    """The text of a rank, or a range of ranks, of a program file: `1`, `2-10`."""
    first, _, last = ranks.partition("-")
    if last:
        return gettext("Places %(first)s–%(last)s", first=first, last=last)
    return gettext("Place %(rank)s", rank=first)


def prize(name: str) -> str:
    """The text of a prize."""
    return str(_PRIZES.get(name, name))


def closing(window: Window, zone: str, now_s: int) -> tuple[str, str]:
    """Returns the time left of a period and when it closes; other texts if it never closes or is over."""
    if window.kind == "all":
        return gettext("Counts from the very beginning"), gettext("It never closes.")
    if now_s >= window.end_s:
        return gettext("This period is over"), gettext("Friends who leave again still come off the count.")
    _, last = _days(window, zone)
    city = get_timezone_location(ZoneInfo(zone), locale=get_locale(), return_city=True)
    return _time_left(window.end_s - now_s), gettext(
        "Closes on %(day)s at 24:00, %(city)s time", day=_day(last), city=city
    )


def _day(day: datetime) -> str:
    """A day, without its year: `Monday, November 30`."""
    return format_date(day, _DAY.get(get_locale().language, "full"), locale=get_locale())


def _time_left(seconds: int) -> str:
    days, hours = divmod(seconds // 3600, 24)
    if days:
        return ngettext("%(num)d day left", "%(num)d days left", days)
    if hours:
        return ngettext("%(num)d hour left", "%(num)d hours left", hours)
    return gettext("Less than an hour left")


def _days(window: Window, zone: str) -> tuple[datetime, datetime]:
    """The first and the last day of a period, as times in the time zone."""
    tz = ZoneInfo(zone)
    first = datetime.fromtimestamp(window.start_s, tz)
    return first, datetime.fromtimestamp(window.end_s, tz) - timedelta(seconds=1)
