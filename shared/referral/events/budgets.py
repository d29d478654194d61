"""What budgets and the partitions of beneficiaries tell each other, in `referral.rewards`.

One partition decides for a budget, in the order of its log. Each partition of beneficiaries spends what it was lent. Lines between
the two are numbered for each budget, partition and direction, so that a repeated line changes nothing.
"""

from typing import Annotated, Literal

from msgspec import Meta

from referral.events.line import Derived, Id, PersonId
from referral.events.money import Amount, Unit

BudgetLevel = Literal[50, 80, 100]
BUDGET_LEVELS: tuple[BudgetLevel, ...] = (50, 80, 100)
"""The percentages at which receivers are notified."""
TOTAL_BUDGET = "total"
"""The id of the budget of a whole program; a rule's own budget has the id of the rule."""
Number = Annotated[int, Meta(ge=0)]
_ORDER = "counts the lines between this budget and this partition in this direction, from 1"


class BudgetEvent(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something about one budget of a program: `total`, or that of the rule with this id. Amounts are minor units of `unit`."""

    budget: Id
    unit: Unit


class NumberedBudgetEvent(BudgetEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A line between a budget and a partition of beneficiaries."""

    partition: Number
    number: Annotated[int, Meta(ge=1, description=_ORDER)]


class BudgetRequested(NumberedBudgetEvent, frozen=True, kw_only=True, omit_defaults=True, tag="budget.requested"):
    """A reward needs `amount`, which its partition was not lent. Keyed by program and budget: each budget has one queue.

    With `tranche`, the partition asks for a tranche too, and hands back the rest of the last one, `returned`. `seen` is the number
    of the last line that it received.
    """

    id: Id
    beneficiary: PersonId
    amount: Amount
    tranche: bool = False
    returned: Amount = 0
    seen: Number = 0


class BudgetAllotted(NumberedBudgetEvent, frozen=True, kw_only=True, omit_defaults=True, tag="budget.allotted"):
    """The answer to a request: `amount` for this reward, and a `tranche` to spend. `limit` is the budget's total at that time."""

    id: Id
    beneficiary: PersonId
    request: Annotated[int, Meta(ge=1, description="the number of the request")]
    amount: Amount
    limit: Amount
    tranche: Amount = 0


class BudgetRecalled(NumberedBudgetEvent, frozen=True, kw_only=True, omit_defaults=True, tag="budget.recalled"):
    """Rewards wait for the budget: the partition hands back what is left of its tranche."""


class BudgetReturned(NumberedBudgetEvent, frozen=True, kw_only=True, omit_defaults=True, tag="budget.returned"):
    """A partition hands back what it does not need: of a revoked reward, or (`tranche`) the rest of its tranche.

    `withdrawn` is the number of a request whose reward no longer waits. Keyed by program and budget.
    """

    amount: Amount = 0
    tranche: bool = False
    seen: Number = 0
    withdrawn: Number = 0


class BudgetReleaseRequested(
    BudgetEvent, frozen=True, kw_only=True, omit_defaults=True, tag="budget.release_requested"
):
    """Asks for a new look at what the budget stopped. Can be repeated. Keyed by program and budget."""


class BudgetContinued(BudgetEvent, frozen=True, kw_only=True, omit_defaults=True, tag="budget.continued"):
    """The budget goes on with its queue: with the `count` places from `first` on, as long as it has enough for them.

    With `request`, the reward of that request of a partition, at the place `first`, no longer waits. Keyed by program and budget.
    """

    first: Annotated[int, Meta(ge=1)]
    count: Annotated[int, Meta(ge=1, le=1000)]
    partition: Number = 0
    request: Number = 0


class BudgetReached(BudgetEvent, frozen=True, kw_only=True, omit_defaults=True, tag="budget.reached"):
    """So many percent of the budget are lent to partitions or spent; at 100, or when the first reward is stopped, none is left."""

    percent: BudgetLevel
    limit: Amount
    lent: Amount


BudgetLine = (
    BudgetRequested
    | BudgetAllotted
    | BudgetRecalled
    | BudgetReturned
    | BudgetReleaseRequested
    | BudgetContinued
    | BudgetReached
)
