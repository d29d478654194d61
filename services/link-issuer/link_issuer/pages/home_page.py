"""The home view of the console as a page."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from flask_babel import lazy_gettext

from link_issuer.console_parts import Part
from referral.console.guard import Visit
from referral.console.needs import Need, NeedKind
from referral.pages.console_shell import render_console
from referral.pages.languages import gettext, ngettext

_PARTS: Mapping[Part, object] = {"review": lazy_gettext("Review"), "rewards": lazy_gettext("Rewards")}
_ICONS: Mapping[NeedKind, str] = {
    "held": "⚑",
    "appealed": "✋",
    "manual": "✎",
    "operator": "⚑",
    "clawed_back": "↩",
    "budget_spent": "¤",
    "budget_stopped": "¤",
    "webhook_failing": "✉",
    "webhook_disabled": "✉",
    "codes_guessed": "!",
    "link_asked": "✉",
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


def need_text(need: Need) -> str:  # noqa: C901, PLR0911, PLR0912 - one for each kind
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
        case "pool_low":
            return ngettext(
                "%(num)d code left in pool “%(name)s”",
                "%(num)d codes left in pool “%(name)s”",
                need.level,
                name=need.name,
            )
        case "budget_spent":
            return gettext("Budget “%(name)s” is %(percent)d%% spent", name=need.name, percent=need.level)
        case "budget_stopped":
            return ngettext(
                "%(num)d reward waits for budget “%(name)s”",
                "%(num)d rewards wait for budget “%(name)s”",
                number,
                name=need.name,
            )
        case "webhook_failing":
            return ngettext(
                "%(name)s does not answer; %(num)d message waits",
                "%(name)s does not answer; %(num)d messages wait",
                need.level,
                name=need.name,
            )
        case "webhook_disabled":
            return gettext("%(name)s was disabled: messages are not sent there", name=need.name)
        case "codes_guessed":
            return gettext("Codes are guessed: %(name)s sent too many wrong ones", name=need.name)
        case "link_asked":
            return gettext("%(name)s asks for a new link to their rewards", name=need.name)
        case _:
            assert_never(need.kind)
