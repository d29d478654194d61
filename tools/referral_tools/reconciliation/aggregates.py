"""MoneyFigures of a program that follow from the sums: by unit, by rule, by budget. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from referral_tools.reconciliation.budget_sums import BudgetFigures, BudgetName
from referral_tools.reconciliation.money_figures import MoneyFigures
from referral_tools.reconciliation.reward_sums import RewardSum, RewardSums

_STAGE_NAMES = {"held": "held", "free": "usable", "closed": "used up", "expired": "expired", "taken_back": "taken back"}


def totals(sums: RewardSums, program: str) -> dict[str, MoneyFigures]:
    """The figures by unit."""
    found: dict[str, MoneyFigures] = defaultdict(MoneyFigures)
    for _, reward in _rewards(sums, program):
        found[reward.unit] = found[reward.unit].plus(reward.figures)
    return dict(found)


def rule_counts(sums: RewardSums, program: str) -> Counter[tuple[str, str]]:
    """How many rewards there are by rule and where they are."""
    return Counter((reward.rule, _stage_name(reward)) for _, reward in _rewards(sums, program))


def budgets(sums: RewardSums, program: str) -> dict[BudgetName, BudgetFigures]:
    """The figures of every budget that a line names. A reward that waits for one of its budgets has spent nothing of the others."""
    waiting = [(name, line) for name, line in sums.budgets.waiting() if name.program == program]
    ids = {line.id for _, line in waiting}
    spent: Counter[BudgetName] = Counter()
    for id, reward in _rewards(sums, program):
        if reward.charged and reward.cost is not None and id not in ids:
            for budget in set(reward.budgets):
                spent[BudgetName(program, budget, reward.cost.unit)] += reward.cost.amount
    stopped, amounts = Counter(name for name, _ in waiting), Counter[BudgetName]()
    for name, line in waiting:
        amounts[name] += line.amount
    lent = {name: amount for name, amount in sums.budgets.lent.items() if name.program == program}
    return {
        name: BudgetFigures(spent[name], lent.get(name, 0) - spent[name], stopped[name], amounts[name])
        for name in sorted({*spent, *lent})
    }


def _rewards(sums: RewardSums, program: str) -> Iterator[tuple[str, RewardSum]]:
    return ((id, reward) for id, reward in sums.rewards() if reward.program == program)


def _stage_name(reward: RewardSum) -> str:
    return "taken back after a use" if reward.was_used else _STAGE_NAMES[reward.stage]
