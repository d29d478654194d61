"""One action on many rewards as pages of the console: what it is about, and what it did."""

from collections.abc import Sequence
from dataclasses import dataclass

from referral.console.guard import Visit
from referral.events.money import Value
from referral.events.rewards import LifeState, RewardAction
from referral.pages.console_shell import Toast, render_console
from referral.pages.languages import gettext, ngettext
from reward_dispatcher.pages.rewards_page import INVERSE, reward_texts

PATH = "/console/rewards/all"


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """An action on the first `number` of the `total` rewards in a state, what they are worth, and as of when (ms)."""

    action: RewardAction
    state: LifeState
    number: int
    total: int
    sums: Sequence[Value]
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class BulkDone:
    """The rewards that an action changed, and how many it could not change."""

    action: RewardAction
    state: LifeState
    changed: Sequence[str]
    refused: int


def confirm_page(visit: Visit, preview: BulkPreview) -> str:
    """The question as HTML."""
    return render_console(
        "console/bulk.html",
        visit,
        "rewards",
        preview=preview,
        path=PATH,
        can_undo=preview.action in INVERSE,
        **reward_texts(),
    )


def done_page(visit: Visit, done: BulkDone) -> str:
    """The result as HTML, with the form that takes it back if that is possible."""
    number = len(done.changed)
    text = ngettext("%(num)d reward changed.", "%(num)d rewards changed.", number)
    if done.refused:
        text += " " + gettext("Some could not be changed: they are in another state by now.")
    inverse = INVERSE.get(done.action)
    undo = {"decision": inverse, "state": done.state, "id": done.changed} if inverse and number else None
    toast = Toast(text, PATH, undo)
    return render_console("console/bulk_done.html", visit, "rewards", done=done, toast=toast, **reward_texts())
