"""The figures of a program that the API answers, under the same names as those that follow from the log."""

from collections import Counter
from collections.abc import Mapping

from referral_tools.reconciliation.budget_sums import BudgetAmounts, BudgetName
from referral_tools.service_client import Item, ServiceClient, path

_COUNTED_AS = {
    "held": "held",
    "approved": "held",
    "fulfilled": "usable",
    "delivered": "usable",
    "redeemed": "used up",
    "clawback": "taken back after a use",
    "revoked": "taken back",
    "expired": "expired",
}


def api_counts(client: ServiceClient, program: str) -> Counter[tuple[str, str]]:
    """How many rewards there are by rule and where they are. Ends the command if the API does not respond or refuses."""
    counts: Counter[tuple[str, str]] = Counter()
    for rule, by_status in client.document("GET", path("programs", program, "rewards", "summary"))["by_rule"].items():
        for status, count in by_status.items():
            counts[rule, _COUNTED_AS[status]] += count
    return counts


def api_budgets(client: ServiceClient, program: str) -> dict[BudgetName, BudgetAmounts]:
    """The budgets of all versions of a program. Ends the command as above."""
    return {
        _name(program, one): BudgetAmounts(one["spent"], one["held"], one["stopped"]["count"], one["stopped"]["amount"])
        for one in _budgets(client, program)
    }


def api_limits(client: ServiceClient, program: str) -> dict[BudgetName, int]:
    """The total of each budget by the version in force."""
    return {_name(program, one): one["total"] for one in _budgets(client, program)}


def named_figures(counts: Mapping[tuple[str, str], int], budgets: Mapping[BudgetName, BudgetAmounts]) -> dict[str, int]:
    """Counts by rule and where the rewards are, and figures of budgets, by what they are; without zeros."""
    by_rule = {f"rule {rule}: rewards {place}": count for (rule, place), count in counts.items()}
    by_budget = {
        f"budget {name.budget} ({name.unit}): {figure}": amount
        for name, figures in budgets.items()
        for figure, amount in zip(("spent", "held", "rewards stopped", "amount stopped"), figures, strict=True)
    }
    return {what: number for what, number in (by_rule | by_budget).items() if number}


def _budgets(client: ServiceClient, program: str) -> list[Item]:
    found: list[Item] = client.document("GET", path("programs", program, "budgets"))["items"]
    return found


def _name(program: str, one: Item) -> BudgetName:
    return BudgetName(program, one["id"], one["currency"])
