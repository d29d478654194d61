"""The home view of the console as a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from flask_babel import lazy_gettext

from link_issuer.console_parts import Part
from referral.console.guard import Visit
from referral.console.needs import MAX_SUMMED, Need, NeedKind
from referral.pages.amounts import amount_text
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

_LOOK = lazy_gettext("Look")
_ACTIONS: Mapping[NeedKind, object] = {
    "held": lazy_gettext("Review"),
    "appealed": lazy_gettext("Answer"),
    "manual": lazy_gettext("Do them"),
    "pool_empty": lazy_gettext("Upload codes"),
    "pool_low": lazy_gettext("Upload codes"),
    "budget_spent": lazy_gettext("Raise it"),
    "budget_stopped": lazy_gettext("Raise it"),
}


@dataclass(frozen=True, slots=True)
class NeedRow:
    """A need as a row: its glyph, what it is, what it is worth (empty without money), and what its link says."""

    need: Need
    glyph: str
    text: str
    worth: str
    action: object


def home_page(visit: Visit, needs: Sequence[Need], failed: Sequence[Part]) -> str:
    """The page as HTML. `failed` are the parts that could not be read."""
    return render_console(
        "console/home.html",
        visit,
        "home",
        needs=[
            NeedRow(need, _ICONS.get(need.kind, "▤"), need_text(need), worth_of(need), _ACTIONS.get(need.kind, _LOOK))
            for need in needs
        ],
        failed=[_PARTS[part] for part in failed],
    )


def worth_of(need: Need) -> str:
    """What the things that wait are worth together; empty for what has no amount."""
    amounts = ", ".join(amount_text(one.amount, one.unit) for one in need.worth if one.amount)
    return gettext("at least %(amounts)s", amounts=amounts) if amounts and need.number > MAX_SUMMED else amounts


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
