"""The texts of the page for a link that leads nowhere: a title, and an explanation (which may be empty)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from babel.dates import format_skeleton
from flask_babel import LazyString, get_locale, lazy_gettext

from link_issuer.domain.availability import UnavailableReason
from referral.pages.languages import gettext
from referral.pages.phrases import unbroken

DeadEndReason = Literal["unknown", "uncounted"] | UnavailableReason

_TEXTS: Mapping[DeadEndReason, tuple[LazyString, LazyString | str]] = {
    "unknown": (
        lazy_gettext("That code doesn't exist"),
        lazy_gettext("Check for a typo: the codes we make never use 0, O, 1, I or L."),
    ),
    "uncounted": (lazy_gettext("One moment"), lazy_gettext("We're checking whether a spot is left.")),
    "not_started": (lazy_gettext("This invitation opens later"), ""),
    "expired": (lazy_gettext("This link has expired"), ""),
    "disabled": (lazy_gettext("This link is no longer active"), ""),
    "exhausted": (
        lazy_gettext("All spots are taken"),
        lazy_gettext("This invitation had a limited number of spots."),
    ),
    "withdrawn": (
        lazy_gettext("This invitation is no longer active"),
        lazy_gettext("The person who shared it no longer takes part."),
    ),
    "program_not_started": (lazy_gettext("Opening soon"), ""),
    "program_ended": (
        lazy_gettext("This program has ended"),
        lazy_gettext("Rewards already earned stay valid."),
    ),
}


def dead_end_texts(reason: DeadEndReason, starts_at: datetime | None = None) -> tuple[str, str]:
    """Title and explanation, in the request's language. `starts_at`, in the program's time zone, is named if it is known."""
    title, explanation = (str(text) for text in _TEXTS[reason])
    if starts_at is None:
        return title, explanation
    date = unbroken(format_skeleton("MMMMd", starts_at, locale=get_locale()))
    if reason == "not_started":
        return gettext("This invitation opens on %(date)s", date=date), explanation
    if reason == "program_not_started":
        return title, gettext("Starts on %(date)s.", date=date)
    return title, explanation
