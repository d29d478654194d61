"""The home view of the console as a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from flask_babel import lazy_gettext

from link_issuer.console_parts import Part
from link_issuer.http_api.console.last_decisions import Decision
from link_issuer.pages.action_texts import ACTION_TEXTS
from referral.console.guard import Visit
from referral.console.home_part import MAX_SUMMED, BudgetLevel, HomePart, Movement, MovementKind, Need, NeedKind
from referral.pages.amounts import amount_text
from referral.pages.console_shell import render_console
from referral.pages.languages import gettext, ngettext

_PARTS: Mapping[Part, object] = {
    "review": lazy_gettext("Review"),
    "rewards": lazy_gettext("Rewards"),
    "boards": lazy_gettext("Boards"),
}
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
    "submissions": "★",
}

_ORDER: tuple[MovementKind, ...] = ("friends", "rewards", "left", "leader")
_COUNTED: Mapping[MovementKind, object] = {
    "friends": lazy_gettext(
        "Referrals that qualified within 24 hours and count; ▲▼ compares with the 24 hours before."
    ),
    "rewards": lazy_gettext(
        "Rewards granted within 24 hours, whether or not they were taken back, with what they are worth."
    ),
    "left": lazy_gettext(
        "Referrals that were taken back within 24 hours, mostly because the friend no longer follows."
    ),
    "leader": lazy_gettext("The first board of the program in its running period; ▲▼ are places since yesterday."),
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


@dataclass(frozen=True, slots=True)
class MovementRow:
    """What moved, in words: what it is, how it compares (empty if unknown), and how it is counted."""

    text: str
    change: str
    counted: object


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A budget with the shares of a bar (0 to 100) that are spent and held, and the amounts as texts."""

    name: str
    spent_percent: int
    held_percent: int
    spent: str
    held: str
    free: str


def home_page(visit: Visit, part: HomePart, decisions: Sequence[Decision] | None, failed: Sequence[Part]) -> str:
    """The page as HTML. `failed` are the parts that could not be read; `decisions` is None if the log could not."""
    return render_console(
        "console/home.html",
        visit,
        "home",
        needs=[
            NeedRow(need, _ICONS.get(need.kind, "▤"), need_text(need), worth_of(need), _ACTIONS.get(need.kind, _LOOK))
            for need in part.needs
        ],
        movements=[
            MovementRow(movement_text(one), _change(one), _COUNTED[one.kind])
            for one in sorted(part.movements, key=lambda one: _ORDER.index(one.kind))
        ],
        budgets=[_budget_row(one) for one in part.budgets],
        decisions=decisions,
        texts=ACTION_TEXTS,
        failed=[_PARTS[part] for part in failed],
    )


def worth_of(need: Need) -> str:
    """What the things that wait are worth together; empty for what has no amount."""
    amounts = ", ".join(amount_text(one.amount, one.unit) for one in need.worth if one.amount)
    return gettext("at least %(amounts)s", amounts=amounts) if amounts and need.number > MAX_SUMMED else amounts


def movement_text(movement: Movement) -> str:
    """What moved within 24 hours, with how many there are; the leader by name."""
    number = movement.number
    match movement.kind:
        case "friends":
            return ngettext("+%(num)d friend", "+%(num)d friends", number)
        case "rewards":
            amounts = ", ".join(amount_text(one.amount, one.unit) for one in movement.worth if one.amount)
            text = ngettext("%(num)d reward given", "%(num)d rewards given", number)
            return f"{text} · {amounts}" if amounts else text
        case "left":
            return ngettext("%(num)d left again", "%(num)d left again", number)
        case "leader":
            return ngettext("No. 1: %(name)s with %(num)d", "No. 1: %(name)s with %(num)d", number, name=movement.name)
        case _:
            assert_never(movement.kind)


def _change(movement: Movement) -> str:
    if movement.change is None:
        return ""
    if movement.change == 0:
        return gettext("as before")
    arrow = "▲" if movement.change > 0 else "▼"
    return f"{arrow} {abs(movement.change)}"


def _budget_row(level: BudgetLevel) -> BudgetRow:
    total = max(1, level.total, level.spent + level.held)
    spent, held, free = (amount_text(one, level.currency) for one in (level.spent, level.held, level.free))
    name = gettext("Whole program") if level.name == "total" else level.name
    return BudgetRow(name, level.spent * 100 // total, level.held * 100 // total, spent, held, free)


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
        case "submissions":
            return ngettext("%(num)d post to review", "%(num)d posts to review", number)
        case _:
            assert_never(need.kind)
