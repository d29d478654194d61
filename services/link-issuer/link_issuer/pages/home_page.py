"""The home view of the console as a page."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from flask_babel import lazy_gettext

from link_issuer.console_parts import Part
from referral.console.guard import Visit
from referral.console.needs import Need
from referral.pages.console_shell import render_console
from referral.pages.languages import ngettext

_PARTS: Mapping[Part, object] = {"review": lazy_gettext("Review"), "rewards": lazy_gettext("Rewards")}
_ICONS: Mapping[str, str] = {
    "held": "⚑",
    "appealed": "✋",
    "manual": "✎",
    "operator": "⚑",
    "webhook": "✉",
    "clawed_back": "↩",
}


def home_page(visit: Visit, needs: Sequence[Need], failed: Sequence[Part]) -> str:
    """The page as HTML. `failed` are the parts that could not be read."""
    return render_console(
        "console/home.html",
        visit,
        "home",
        needs=[(need, _ICONS.get(need.kind, "▤"), need_text(need)) for need in needs],
        failed=[_PARTS[part] for part in failed],
    )


def need_text(need: Need) -> str:  # noqa: C901, PLR0911 - one for each kind
    """What waits, with how many there are."""
    number = need.number
    match need.kind:
        case "held":
            return ngettext("%(num)d referral held", "%(num)d referrals held", number)
        case "appealed":
            return ngettext("%(num)d appeal to answer", "%(num)d appeals to answer", number)
        case "manual":
            return ngettext("%(num)d reward to do by hand", "%(num)d rewards to do by hand", number)
        case "operator":
            return ngettext("%(num)d reward held by a colleague", "%(num)d rewards held by a colleague", number)
        case "pool_empty":
            return ngettext("%(num)d reward waits for a code", "%(num)d rewards wait for a code", number)
        case "file_missing":
            return ngettext("%(num)d reward waits for its file", "%(num)d rewards wait for their file", number)
        case "clawed_back":
            return ngettext("%(num)d reward was used, then revoked", "%(num)d rewards were used, then revoked", number)
        case "webhook":
            return ngettext("%(num)d webhook does not answer", "%(num)d webhooks do not answer", number)
        case _:
            assert_never(need.kind)
