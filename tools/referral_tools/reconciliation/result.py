"""What a reconciliation has found."""

from collections.abc import Sequence

from msgspec import Struct

from referral_tools.reconciliation.money_figures import MoneyFigures

REMEDY = (
    "The log is right. First see that no line is set aside (`referral rejected list`). If none is, the state of the fold differs"
    " from the log: rebuild it, see docs/runbooks/reconciliation.md."
)


class UnitResult(Struct, frozen=True):
    """The figures of one unit by the log, and as the system has them."""

    unit: str
    log: MoneyFigures
    system: MoneyFigures


class BudgetResult(Struct, frozen=True):
    """A budget in minor units of its currency. `total` is that of the version in force, all others are by the log."""

    budget: str
    currency: str
    total: int
    spent: int
    held: int
    stopped: int
    stopped_amount: int


class PoolResult(Struct, frozen=True):
    """How many codes of a pool are in each state; `free` are those that the system would give."""

    pool: str
    uploaded: int
    free: int
    reserved: int
    given: int
    void: int


class Difference(Struct, frozen=True):
    """Something that the system has otherwise than the log: a reward, a count of a rule, a budget or a pool."""

    what: str
    detail: str


class ProgramResult(Struct, frozen=True):
    """What was found of one program. `undecided` is what changed whenever it was compared."""

    program: str
    units: Sequence[UnitResult]
    budgets: Sequence[BudgetResult]
    pools: Sequence[PoolResult]
    differences: Sequence[Difference]
    undecided: Sequence[str]

    @property
    def is_equal(self) -> bool:
        """Whether all was compared, and nothing differs."""
        return not self.differences and not self.undecided


class Reconciliation(Struct, frozen=True):
    """What was found of all programs; `rewards` is the number of rewards."""

    programs: Sequence[ProgramResult]
    rewards: int

    @property
    def is_equal(self) -> bool:
        """Whether log, Redis and API agree in everything."""
        return all(program.is_equal for program in self.programs)
