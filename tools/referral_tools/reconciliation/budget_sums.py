"""What budgets have lent, and which rewards wait for them, added up from the lines between budgets and partitions. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from referral.events.budgets import BudgetAllotted, BudgetRecalled, BudgetRequested, BudgetReturned
from referral.events.line import Line


class BudgetName(NamedTuple):
    """A budget of a program; one that changes its currency is another budget."""

    program: str
    budget: str
    unit: str


class BudgetAmounts(NamedTuple):
    """Minor units: what rewards cost that are owed and paid for, what is lent and not spent, and what waits (and how many)."""

    spent: int
    held: int
    waiting: int
    waiting_amount: int


class _Request(NamedTuple):
    """A request of a partition, by the number of its line."""

    name: BudgetName
    partition: int
    number: int


class BudgetSums:
    """The sums of all budgets. Lines are numbered by budget, partition and direction: what is repeated is not added."""

    def __init__(self) -> None:
        self.lent: Counter[BudgetName] = Counter()
        self._open: dict[_Request, BudgetRequested] = {}
        self._answered: set[_Request] = set()  # the answer was read before its request, which is on another partition
        self._numbers: dict[tuple[BudgetName, int, bool], int] = {}

    def add(self, line: Line) -> None:
        """Adds a line; those that move no money between a budget and a partition change nothing."""
        match line:
            case BudgetRequested() if self._is_new(line):
                self.lent[_name(line)] -= line.returned
                request = _Request(_name(line), line.partition, line.number)
                if request in self._answered:
                    self._answered.remove(request)
                else:
                    self._open[request] = line
            case BudgetReturned() if self._is_new(line):
                self.lent[_name(line)] -= line.amount
                self._open.pop(_Request(_name(line), line.partition, line.withdrawn), None)
            case BudgetAllotted() if self._is_new(line):
                self.lent[_name(line)] += line.amount + line.tranche
                self._answer(_Request(_name(line), line.partition, line.request))
            case _:
                pass

    def waiting(self) -> Iterable[tuple[BudgetName, BudgetRequested]]:
        """The requests that have no answer."""
        return ((request.name, line) for request, line in self._open.items())

    def _answer(self, request: _Request) -> None:
        was_read = self._numbers.get((request.name, request.partition, True), 0) >= request.number
        if self._open.pop(request, None) is None and not was_read:
            self._answered.add(request)

    def _is_new(self, line: BudgetRequested | BudgetReturned | BudgetAllotted | BudgetRecalled) -> bool:
        channel = (_name(line), line.partition, isinstance(line, BudgetRequested | BudgetReturned))
        if line.number <= self._numbers.get(channel, 0):
            return False
        self._numbers[channel] = line.number
        return True


def _name(line: BudgetRequested | BudgetReturned | BudgetAllotted | BudgetRecalled) -> BudgetName:
    return BudgetName(line.program, line.budget, line.unit)
