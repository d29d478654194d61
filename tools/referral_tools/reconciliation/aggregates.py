"""MoneyFigures of a program that follow from the sums: by unit, by rule, by budget. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from referral_tools.reconciliation.budget_sums import BudgetAmounts, BudgetName
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


def budgets(sums: RewardSums, program: str, spent: Mapping[BudgetName, int]) -> dict[BudgetName, BudgetAmounts]:
    """The figures of every budget that a line names; `spent` is what the API says that each has spent.

    That is taken if the log can mean it: it does not state when budgets have paid a higher cost of a reward. Otherwise, and where
    no cost has changed, the figure is that of the log alone.
    """
    waiting = [(name, line) for name, line in sums.budgets.waiting() if name.program == program]
    least, most = _spent(sums, program, {line.id for _, line in waiting})
    stopped, amounts = Counter(name for name, _ in waiting), Counter[BudgetName]()
    for name, line in waiting:
        amounts[name] += line.amount
    lent = {name: amount for name, amount in sums.budgets.lent.items() if name.program == program}
    found = {}
    for name in sorted({*most, *lent}):
        own = min(max(spent.get(name, 0), least[name]), most[name])
        found[name] = BudgetAmounts(own, lent.get(name, 0) - own, stopped[name], amounts[name])
    return found


def _spent(sums: RewardSums, program: str, waiting: set[str]) -> tuple[Counter[BudgetName], Counter[BudgetName]]:
    """The least and the most that budgets can have spent. A reward that waits for its cost has spent nothing."""
    least, most = Counter[BudgetName](), Counter[BudgetName]()
    for id, reward in _rewards(sums, program):
        if not reward.charged or reward.cost is None or (id in waiting and not reward.costs):
            continue
        costs = reward.costs or (reward.cost.amount,)
        for budget in set(reward.budgets):
            name = BudgetName(program, budget, reward.cost.unit)
            least[name] += 0 if id in waiting else min(costs)
            most[name] += max(costs)
    return least, most


def _rewards(sums: RewardSums, program: str) -> Iterator[tuple[str, RewardSum]]:
    return ((id, reward) for id, reward in sums.rewards() if reward.program == program)


def _stage_name(reward: RewardSum) -> str:
    return "taken back after a use" if reward.was_used else _STAGE_NAMES[reward.stage]
