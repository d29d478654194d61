"""The words of a link that leads nowhere: what happened, and what still works."""

from collections.abc import Mapping
from typing import Literal

from flask_babel import LazyString, lazy_gettext

from link_issuer.domain.link_spec import Hindrance

DeadEnd = Literal["unknown", "uncounted"] | Hindrance

HAPPENED: Mapping[DeadEnd, tuple[LazyString, LazyString]] = {
    "unknown": (
        lazy_gettext("We don't know this code"),
        lazy_gettext("Perhaps a letter went astray. Codes we make never hold 0, O, 1, I or L."),
    ),
    "uncounted": (
        lazy_gettext("One moment, please"),
        lazy_gettext("This invitation has a limited number of places, and we cannot count them right now."),
    ),
    "not_started": (
        lazy_gettext("This link opens soon"),
        lazy_gettext("Your friend's invitation is set, but its day has not come yet."),
    ),
    "expired": (lazy_gettext("This link has ended"), lazy_gettext("It was made for a time that is over.")),
    "disabled": (lazy_gettext("This link was switched off"), lazy_gettext("It no longer leads anywhere.")),
    "exhausted": (
        lazy_gettext("All places of this link are taken"),
        lazy_gettext("It was made for a limited number of people, and they were quick."),
    ),
    "program_not_started": (
        lazy_gettext("We open soon"),
        lazy_gettext("The program behind this link has not begun yet."),
    ),
    "program_ended": (
        lazy_gettext("This program has ended"),
        lazy_gettext("Thank you for coming. Rewards that were earned stay valid as promised."),
    ),
}
