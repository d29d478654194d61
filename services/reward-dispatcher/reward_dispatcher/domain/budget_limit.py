"""The total of a budget: of a program's caps, or of a rule."""

from collections.abc import Sequence
from decimal import Decimal

from referral.events.budgets import TOTAL_BUDGET
from referral.events.entities import ProgramVersion
from referral.events.money import Value, money
from referral.events.program import Program
from referral.events.timestamps import to_ms


def declared_budgets(program: Program) -> dict[str, Value]:
    """The budgets of a program's rules, in minor units by their ids."""
    declared = {rule.id: rule.budget for rule in program.rewards} | {TOTAL_BUDGET: program.caps.budget}
    return {id: money(Decimal(budget.total), budget.currency) for id, budget in declared.items() if budget is not None}


def known_budgets(versions: Sequence[ProgramVersion]) -> list[tuple[str, str]]:
    """The budgets of all versions of a program, as (id, unit): the program's own first, then those of rules by id."""
    declared = (declared_budgets(version.program) for version in versions)
    found = {(id, total.unit) for budgets in declared for id, total in budgets.items()}
    return sorted(found, key=lambda one: (one[0] != TOTAL_BUDGET, one))


def limit_at(versions: Sequence[ProgramVersion], budget: str, unit: str, at_ms: int) -> int:
    """The total of a budget in a currency, by the newest version in force at a time that has it; 0 if none has.

    `versions` are those of the program, the oldest first. A version that leaves a budget out changes nothing for what was charged
    to it before: a limit is lifted by a larger total, never by a missing line.
    """
    for version in reversed(versions):
        if to_ms(version.effective_from) <= at_ms:
            total = declared_budgets(version.program).get(budget)
            if total is not None and total.unit == unit:
                return total.amount
    return 0
