"""A budget: one partition of the log decides for it, in the order of its lines, and lends it to the partitions of beneficiaries.

`lent` is never above the budget's total, and what partitions spend is part of it. A reward that cannot be paid waits in the queue,
which is served strictly in order: a later request never passes an earlier one. While rewards wait, no tranche is lent, and those
that are lent are recalled, so that nothing stays unused elsewhere. Money that comes back serves the oldest first.
"""

from msgspec import Struct

from referral.events.budgets import BUDGET_LEVELS, BudgetLevel

TRANCHE_SHARE = 128
"""A tranche is a 128th of what the budget has left: guided self-scheduling, so tranches shrink as the budget runs out.

Polychronopoulos, Kuck: Guided Self-Scheduling, IEEE Transactions on Computers 36 (1987). https://doi.org/10.1109/TC.1987.5009495
"""
LOOKED_AT = 200
"""How many places of the queue one line goes on with."""


class Channel(Struct, frozen=True, array_like=True):
    """The lines from and to one partition, and the number of the line with which it was lent a tranche (0: it has none)."""

    received: int = 0
    sent: int = 0
    tranche: int = 0
    recalled: bool = False


class BudgetAccount(Struct, frozen=True, array_like=True, tag="budget"):
    """The state of a budget. Amounts are minor units of `unit`.

    `limit` is its total by the newest version in force at `as_of_ms`, the latest time of its lines, and `changes` counts how often
    it changed. `head` is the number of the oldest place in the queue, `next` that of the next one. `waiting` and `waiting_amount`
    count the rewards in it; `oversized` those of them that are known to cost more than the limit. `level` is the last percentage
    that was reported. `continuing` if a line of its own will go on with the queue.
    """

    program: str
    budget: str
    unit: str
    limit: int = 0
    changes: int = 0
    as_of_ms: int = 0
    lent: int = 0
    partitions: dict[int, Channel] = {}
    head: int = 1
    next: int = 1
    waiting: int = 0
    waiting_amount: int = 0
    oversized: int = 0
    level: int = 0
    continuing: bool = False

    @property
    def has_queue(self) -> bool:
        """Whether rewards wait that may cost no more than the limit."""
        return self.waiting > self.oversized

    @property
    def left(self) -> int:
        """What can still be lent; negative if the budget was made smaller than what is lent."""
        return self.limit - self.lent


class WaitingCharge(Struct, frozen=True, array_like=True, tag="waiting"):
    """A reward at a place of the queue: `request` is the number of its partition's line, `asked_ms` its time.

    `oversized` is the budget's count of changes under which it was found to cost more than the limit (-1: never). A place that its
    reward has left stays until it is the oldest (`withdrawn`): places have no gaps.
    """

    number: int
    reward: str
    beneficiary: str
    amount: int
    partition: int
    request: int
    tranche: bool
    asked_ms: int
    oversized: int = -1
    withdrawn: bool = False


class QueuePlace(Struct, frozen=True, array_like=True, tag="place"):
    """Where the request of a partition is in the queue."""

    number: int


def tranche_size(left: int, cost: int) -> int:
    """The tranche that is lent beside the cost of a reward, of what is left after it; 0 rather than less than such a cost."""
    size = left // TRANCHE_SHARE
    return size if size >= cost else 0


def level_of(lent: int, limit: int) -> BudgetLevel | None:
    """The highest reported percentage of the limit that is lent; None below the first."""
    reached = [level for level in BUDGET_LEVELS if lent * 100 >= limit * level]
    return reached[-1] if reached else None
