"""Texts of periods, places and prizes, in the language of the request and the time zone of the program."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, format_skeleton
from flask_babel import get_locale, lazy_gettext

from leaderboard.domain.periods import Window
from referral.events.board_rules import BoardPeriod
from referral.pages.languages import gettext, localize

TABS: Mapping[BoardPeriod, object] = {
    "day": lazy_gettext("Today"),
    "week": lazy_gettext("This week"),
    "month": lazy_gettext("This month"),
    "campaign": lazy_gettext("Campaign"),
    "all": lazy_gettext("All time"),
}
BACK_TO_NOW: Mapping[BoardPeriod, object] = {
    "day": lazy_gettext("See today"),
    "week": lazy_gettext("See this week"),
    "month": lazy_gettext("See this month"),
}
# CLDR's pattern MMMMEEEEd, which Babel does not offer, and its stand-alone month.
_DAY = {"en": "EEEE, MMMM d", "zh": "M月d日EEEE"}
_MONTH = {"en": "LLLL", "zh": "M月"}
_WORD_JOINER = "\u2060"  # no line break beside it: https://www.unicode.org/reports/tr14/
# Common names of prizes; any other name is shown as the program file has it.
_PRIZES = {
    "grand": lazy_gettext("Grand prize"),
    "gift": lazy_gettext("Gift"),
    "voucher": lazy_gettext("Voucher"),
    "shoutout": lazy_gettext("Shout-out"),
}


def heading(window: Window, zone: str, now_s: int) -> str:
    """The title of a period: `November 2026`, `Nov 23 – 29`, `Tuesday, November 24`, `All time`; of other years with the year."""
    first, last = days_of(window, zone)
    same_year = first.year == last.year == datetime.fromtimestamp(now_s, ZoneInfo(zone)).year
    match window.kind:
        case "day":
            return day_text(first) if same_year else format_date(first, "full", locale=get_locale())
        case "week" | "campaign":
            return _interval(first, last, "MMMd" if same_year else "yMMMd")
        case "month":
            return format_skeleton("yMMMM", first, locale=get_locale())
        case _:
            return gettext("All time")


def tab(window: Window, zone: str, now_s: int) -> str:
    """The text of the tab of a period: `This month` for the current one, otherwise its name, such as `September`."""
    if window.contains(now_s) or window.kind == "campaign":
        return str(TABS[window.kind])
    first, last = days_of(window, zone)
    match window.kind:
        case "day":
            return format_skeleton("MMMd", first, locale=get_locale())
        case "week":
            return _interval(first, last, "MMMd")
        case _:
            return format_date(first, _MONTH.get(get_locale().language, "LLLL"), locale=get_locale())


def place(first: int | str, last: int | str | None = None) -> str:
    """The text of a place, or of a range of places, without a line break inside."""
    if last is None:
        return gettext("#%(rank)s", rank=first)
    return gettext("#%(first)s–%(last)s", first=first, last=last).replace("–", f"{_WORD_JOINER}–{_WORD_JOINER}")


def rank_range(ranks: str) -> str:
    """The text of a rank, or a range of ranks, of a program file: `1`, `2-10`."""
    first, _, last = ranks.partition("-")
    return place(first, last or None)


def prize(name: str | Mapping[str, str]) -> str:
    """The text of a prize: one of the common names, or a text of the program file, in the request's language if it has it."""
    if isinstance(name, Mapping):
        return localize(name)
    return str(_PRIZES.get(name, name))


def day_text(day: datetime) -> str:
    """A day, without its year: `Monday, November 30`."""
    return format_date(day, _DAY.get(get_locale().language, "full"), locale=get_locale())


def days_of(window: Window, zone: str) -> tuple[datetime, datetime]:
    """The first and the last day of a period, as times in the time zone."""
    tz = ZoneInfo(zone)
    first = datetime.fromtimestamp(window.start_s, tz)
    return first, datetime.fromtimestamp(window.end_s, tz) - timedelta(seconds=1)


def _interval(first: datetime, last: datetime, skeleton: str) -> str:
    return str(format_interval(first.date(), last.date(), skeleton, locale=get_locale()))
