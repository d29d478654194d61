"""Budgets, and what limits stopped, as pages of the console."""

from collections.abc import Mapping, Sequence
from typing import Literal

from flask import request
from flask_babel import lazy_gettext

from referral.console.guard import Visit
from referral.events.rewards import StopReason
from referral.pages.console_shell import Toast
from referral.pages.languages import gettext
from reward_dispatcher.http_api.budget_responses import BudgetResponse, WaitingRewardsResponse
from reward_dispatcher.http_api.stopped_rewards_response import StoppedRewardsResponse
from reward_dispatcher.pages.reward_parts import render_part
from reward_dispatcher.pages.rewards_page import KIND_TEXTS

BudgetState = Literal["enough", "nearly", "spent", "stops"]
NEARLY_SPENT = 80
STATES: Mapping[BudgetState, tuple[str, str, object]] = {
    "enough": ("good", "●", lazy_gettext("Enough left")),
    "nearly": ("wait", "▲", lazy_gettext("Nearly spent")),
    "spent": ("bad", "✕", lazy_gettext("Spent")),
    "stops": ("bad", "✕", lazy_gettext("Stops rewards")),
}
_REASONS: Mapping[StopReason, object] = {
    "cap:day": lazy_gettext("the limit for a day"),
    "cap:week": lazy_gettext("the limit for a week"),
    "cap:month": lazy_gettext("the limit for a month"),
    "cap:all": lazy_gettext("the limit for all time"),
}


def budget_state(budget: BudgetResponse) -> BudgetState:
    """Returns how much of a budget is left, in one word."""
    if budget.stopped.count:
        return "stops"
    if not budget.free:
        return "spent"
    return "nearly" if spent_percent(budget) >= NEARLY_SPENT else "enough"


def spent_percent(budget: BudgetResponse) -> int:
    """Returns how much of a budget is spent or held; 100 for one without a total."""
    return min(100, (budget.spent + budget.held) * 100 // budget.total) if budget.total else 100


def budgets_page(visit: Visit, budgets: Sequence[BudgetResponse]) -> str:
    """The budgets as HTML."""
    rows = [(one, STATES[budget_state(one)], spent_percent(one)) for one in budgets]
    return render_part("console/budgets.html", visit, "budgets", rows=rows, toast=_toast())


def stopped_by_budget_page(visit: Visit, budget: str, found: WaitingRewardsResponse) -> str:
    """The rewards that wait for a budget as HTML."""
    return render_part("console/stopped_by_budget.html", visit, "budgets", budget=budget, found=found)


def stopped_by_caps_page(visit: Visit, found: StoppedRewardsResponse | None) -> str:
    """The rewards that caps stopped as HTML."""
    return render_part(
        "console/stopped_by_caps.html", visit, "budgets", found=found, reasons=_REASONS, kinds=KIND_TEXTS
    )


def _toast() -> Toast | None:
    if request.args.get("done") != "release":
        return None
    return Toast(gettext("The budget looks again at what it stopped. That takes a few seconds."), "")
