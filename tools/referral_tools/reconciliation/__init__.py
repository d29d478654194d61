"""Recomputes rewards, balances, budgets and pools from the log alone, and compares them with Redis and the API.

`reconcile(settings, client, program)` is the whole of it, for the command `referral rewards reconcile`, for tests and for the
oracle of the demo: `is_equal` of its result is the verdict, `programs` has the figures, `differences` of each what differs.

`reward_sums` and `budget_sums` add up lines and are pure; they share the contracts of the log with the system, and the formula of
`money_figures`, but no code of a fold. `stored_rewards` and `api_figures` read the other side.
"""

from referral_tools.reconciliation.money_figures import MoneyFigures
from referral_tools.reconciliation.reconciler import LedgerBehind, reconcile
from referral_tools.reconciliation.result import Difference, ProgramResult, Reconciliation, UnitResult

__all__ = ["Difference", "LedgerBehind", "MoneyFigures", "ProgramResult", "Reconciliation", "UnitResult", "reconcile"]
