"""The gauges of budgets: what of each is spent, held and free, and what it stopped."""

from itertools import groupby, islice
from operator import itemgetter

from referral.catalog.view import Catalog
from referral.telemetry.level_exporter import Levels
from reward_dispatcher.budget_store import BudgetStore
from reward_dispatcher.domain.budget_limit import known_budgets, limit_at

_MOST_BUDGETS = 500


def read_budget_levels(store: BudgetStore, catalog: Catalog, now_ms: int) -> Levels:
    """The gauges of the first budgets of all programs. Raises redis's errors."""
    programs = sorted(catalog.programs())
    found = ((program, *one) for program in programs for one in known_budgets(catalog.versions(program)))
    levels: Levels = {}
    for program, budgets in groupby(islice(found, _MOST_BUDGETS), key=itemgetter(0)):
        names = [(budget, unit) for _, budget, unit in budgets]
        for (budget, unit), figures in zip(names, store.figures(program, names), strict=True):
            labels = program, budget, unit
            limit = limit_at(catalog.versions(program), budget, unit, now_ms)
            levels["budget_amount", (*labels, "spent")] = figures.spent
            levels["budget_amount", (*labels, "held")] = figures.held
            levels["budget_amount", (*labels, "free")] = figures.free(limit)
            levels["budget_amount", (*labels, "stopped")] = figures.account.waiting_amount
            levels["budget_rewards_stopped", labels] = figures.account.waiting
    return levels
