"""Texts of when a period closes, and of a board without entries: the period may be running, over, or not begun."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location
from flask_babel import get_locale

from leaderboard.domain.periods import Window
from leaderboard.pages import metric_texts
from leaderboard.pages.board_texts import day_text, days_of
from referral.events.board_rules import BoardMetric
from referral.pages.languages import gettext, ngettext


class EmptyBoardText(NamedTuple):
    """What a board without entries shows; without `advice` nothing can be done about it."""

    title: str
    advice: str | None = None


def closing(window: Window, zone: str, now_s: int, metric: BoardMetric, is_closed: bool = False) -> tuple[str, str]:
    """Returns the time left of a period and when it closes; other texts if it never closes, is over, closed or has not begun."""
    if is_closed:
        return gettext("Closed: the ranks are final"), gettext("Later corrections are shown beside the count.")
    if window.kind == "all":
        return gettext("Since the program began"), gettext("Never closes")
    if now_s >= window.end_s:
        return gettext("This period is over"), str(metric_texts.TEXTS[metric].taken_back)
    _, last = days_of(window, zone)
    left = gettext("Not started yet") if now_s < window.start_s else _time_left(window.end_s - now_s)
    return left, gettext("Closes %(day)s at midnight (%(zone)s)", day=day_text(last), zone=_zone_text(zone))


def empty_board(window: Window, heading: str, now_s: int, metric: BoardMetric) -> EmptyBoardText:
    """Returns the text of a board without entries. Only a running period can still be won."""
    if now_s >= window.end_s:
        return EmptyBoardText(
            gettext("%(period)s: nobody brought a friend", period=heading)
            if metric == "referrals"
            else gettext("%(period)s: nobody is on this board", period=heading)
        )
    if now_s < window.start_s:
        return EmptyBoardText(gettext("%(period)s has not started yet", period=heading))
    if metric != "referrals":
        return EmptyBoardText(
            gettext("Nobody here yet: the first place is free"), str(metric_texts.TEXTS[metric].first_place)
        )
    return EmptyBoardText(
        gettext("No friends yet: the first place is free"),
        gettext("Share your link or code. The first friend who follows puts you in first place."),
    )


def _zone_text(zone: str) -> str:
    """The city whose clocks a time zone has; in Chinese, China's time has the name of another city."""
    city = get_timezone_location(ZoneInfo(zone), locale="en", return_city=True)
    if city == "Shanghai":
        return gettext("Shanghai")
    city = get_timezone_location(ZoneInfo(zone), locale=get_locale(), return_city=True)
    return gettext("%(city)s", city=city.rpartition("/")[2])


def _time_left(seconds: int) -> str:
    days, hours = divmod(seconds // 3600, 24)
    if days:
        return ngettext("%(num)d day left", "%(num)d days left", days)
    if hours:
        return ngettext("%(num)d hour left", "%(num)d hours left", hours)
    return gettext("Less than an hour left")
