"""The texts of the page for a link that leads nowhere: a title, and an explanation."""

from collections.abc import Mapping
from typing import Literal

from flask_babel import LazyString, lazy_gettext

from link_issuer.domain.availability import UnavailableReason

DeadEndReason = Literal["unknown", "uncounted"] | UnavailableReason

_TEXTS: Mapping[DeadEndReason, tuple[LazyString, LazyString]] = {
    "unknown": (
        lazy_gettext("We don't know this code"),
        lazy_gettext("Please check it for typos. Our codes never contain 0, O, 1, I or L."),
    ),
    "uncounted": (
        lazy_gettext("One moment, please"),
        lazy_gettext("This link can be used a limited number of times, and we cannot check right now if any are left."),
    ),
    "not_started": (
        lazy_gettext("This link does not work yet"),
        lazy_gettext("Your friend's invitation starts later."),
    ),
    "expired": (lazy_gettext("This link has expired"), lazy_gettext("It was valid for a limited time.")),
    "disabled": (lazy_gettext("This link was switched off"), lazy_gettext("It can no longer be used.")),
    "exhausted": (
        lazy_gettext("This link has been used up"),
        lazy_gettext("It could be used a limited number of times."),
    ),
    "program_not_started": (
        lazy_gettext("We open soon"),
        lazy_gettext("The program behind this link has not started yet."),
    ),
    "program_ended": (
        lazy_gettext("This program has ended"),
        lazy_gettext("Thank you for coming. Rewards that were earned remain valid."),
    ),
}


def dead_end_texts(reason: DeadEndReason) -> tuple[str, str]:
    """Title and explanation, in the request's language."""
    title, explanation = _TEXTS[reason]
    return str(title), str(explanation)
