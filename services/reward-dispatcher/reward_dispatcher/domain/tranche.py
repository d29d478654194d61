"""What a partition of beneficiaries was lent of the program's budgets, and what it charged to them for each reward.

A reward takes its cost from its partition's tranche at the moment of its grant. If the tranche has too little, the reward waits at
the budget. Budgets are charged in a fixed order, the program's own last: as every reward of a rule's budget needs the program's
too, what a waiting reward has reserved of the first could not be used by another one before it.

If the cost of a reward rises afterwards, the difference is charged in the same way, and may have to wait at a budget. Until it is
charged, the reward is worth what it was: so no value is promised that no budget has paid.
"""

from datetime import datetime
from typing import TypedDict

from msgspec import Struct
from msgspec.structs import replace

from referral.events.budgets import TOTAL_BUDGET, BudgetAllotted, BudgetRecalled, BudgetRequested, BudgetReturned
from referral.events.money import Value

PartitionLine = BudgetRequested | BudgetReturned


class Tranche(Struct, frozen=True, array_like=True):
    """One budget in one partition. Amounts are minor units.

    `available` is the rest of the tranche, lent while the budget's total was `limit`. `asked` is the number of the open request for
    a tranche (0: none). `sent` and `received` number the lines to and from the budget. `spent` is what rewards cost that are
    granted, `reserved` is for rewards that still wait for another budget.
    """

    available: int = 0
    limit: int = 0
    asked: int = 0
    sent: int = 0
    received: int = 0
    spent: int = 0
    reserved: int = 0


class Tranches(Struct, frozen=True, array_like=True, tag="tranches"):
    """All budgets of a program in one partition, by `tranche_name`, and the latest time of their lines."""

    as_of_ms: int = 0
    tranches: dict[str, Tranche] = {}

    def get(self, name: str) -> Tranche:
        """The tranche of a budget; an empty one before the first line."""
        return self.tranches.get(name) or Tranche()

    def with_tranche(self, name: str, tranche: Tranche) -> "Tranches":
        """The same with another tranche."""
        return replace(self, tranches={**self.tranches, name: tranche})


class Charge(Struct, frozen=True, array_like=True, tag="charge"):
    """What one reward costs, and how many of its budgets it has so far (`acquired`).

    `request` is the number of its open request to the next one; 0 if it waits for none. A cancelled charge has acquired nothing,
    and waits for nothing. `increase` is the charge of what a higher cost adds, until it is complete: then the reward is worth
    `value`.
    """

    cost: int
    unit: str
    budgets: tuple[str, ...]
    acquired: int = 0
    request: int = 0
    increase: "Charge | None" = None
    value: Value | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every budget is charged."""
        return self.acquired == len(self.budgets)

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing is charged, and nothing requested."""
        return not self.acquired and not self.request

    @property
    def waits_for(self) -> str | None:
        """The id of the budget that the reward waits for."""
        return None if self.is_complete else self.budgets[self.acquired]


class ChargedReward(Struct, frozen=True):
    """The owner of the charge, its partition, and the time of the line that is decided."""

    program: str
    reward: str
    beneficiary: str
    partition: int
    at: datetime


class ChargeStep(Struct, frozen=True):
    """The tranches and the charge of the reward after a line, and the lines to budgets.

    `value` is what the reward is worth from now on, since that is charged; None: what it was worth before.
    """

    tranches: Tranches
    charge: Charge | None
    lines: tuple[PartitionLine, ...] = ()
    value: Value | None = None


class _TrancheHeader(TypedDict):
    occurred_at: datetime
    program: str
    budget: str
    unit: str
    partition: int
    number: int


def tranche_name(budget: str, unit: str) -> str:
    """The name of a budget among those of a program: one that changes its currency is another budget."""
    return f"{budget}|{unit}"


def new_charge(cost: Value, budgets: tuple[str, ...]) -> Charge:
    """The charge of a reward to these budgets, the program's own last."""
    ordered = sorted(set(budgets), key=lambda budget: (budget == TOTAL_BUDGET, budget))
    return Charge(cost.amount, cost.unit, tuple(ordered))


def acquire(tranches: Tranches, charge: Charge, reward: ChargedReward, limits: dict[str, int]) -> ChargeStep:
    """Charges the budgets in order, until one is lent too little: then the reward waits at it.

    `limits` are the totals of the charge's budgets now: what was lent under a larger one is not spent under a smaller one. What
    costs nothing requests nothing.
    """
    if not charge.cost:
        return ChargeStep(tranches, replace(charge, acquired=len(charge.budgets)))
    while charge.waits_for is not None:
        name = tranche_name(charge.waits_for, charge.unit)
        tranche = tranches.get(name)
        if tranche.available < charge.cost or limits[charge.waits_for] < tranche.limit:
            return _request(tranches, charge, reward)
        taken = replace(tranche, available=tranche.available - charge.cost, reserved=tranche.reserved + charge.cost)
        tranches, charge = tranches.with_tranche(name, taken), replace(charge, acquired=charge.acquired + 1)
    return ChargeStep(_spend(tranches, charge), charge)


def take_allotment(
    tranches: Tranches, charge: Charge | None, line: BudgetAllotted, reward: ChargedReward, limits: dict[str, int]
) -> ChargeStep:
    """Takes the answer of a budget: the tranche, and the amount for the reward if it still waits for it; otherwise it goes back."""
    name = tranche_name(line.budget, line.unit)
    tranche = tranches.get(name)
    if line.number <= tranche.received:
        return ChargeStep(tranches, charge)
    tranche = replace(tranche, received=line.number)
    if tranche.asked == line.request:
        tranche = replace(tranche, asked=0, available=tranche.available + line.tranche, limit=line.limit)
    part = _asking_part(charge, line)
    if charge is None or part is None:
        return _give_back(tranches.with_tranche(name, tranche), charge, reward, line.budget, line.unit, line.amount)
    tranche = replace(tranche, reserved=tranche.reserved + part.cost)
    tranches, paid = tranches.with_tranche(name, tranche), replace(part, acquired=part.acquired + 1, request=0)
    surplus = _give_back(tranches, paid, reward, line.budget, line.unit, line.amount - part.cost)
    step = acquire(surplus.tranches, paid, reward, limits)
    step = replace(step, lines=(*surplus.lines, *step.lines))
    return _acquire_increase(step, reward, limits) if part is charge else _with_increase(charge, step)


def return_tranche(tranches: Tranches, line: BudgetRecalled) -> ChargeStep:
    """Hands back the rest of a tranche that is recalled, also if it is 0: the budget waits for it."""
    name = tranche_name(line.budget, line.unit)
    tranche = tranches.get(name)
    if line.number <= tranche.received:
        return ChargeStep(tranches, None)
    after = replace(tranche, received=line.number, available=0, sent=tranche.sent + 1)
    returned = BudgetReturned(
        occurred_at=line.occurred_at,
        program=line.program,
        budget=line.budget,
        unit=line.unit,
        partition=line.partition,
        number=after.sent,
        amount=tranche.available,
        tranche=True,
        seen=line.number,
    )
    return ChargeStep(tranches.with_tranche(name, after), None, (returned,))


def cancel(tranches: Tranches, charge: Charge, reward: ChargedReward) -> ChargeStep:
    """Hands back what a revoked reward was charged, and withdraws its request. A second time changes nothing.

    A higher cost that is not charged yet is what the reward costs if it is charged again.
    """
    if charge.increase is not None:
        dropped = cancel(tranches, charge.increase, reward)
        own = replace(charge, increase=None, value=None)
        step = cancel(dropped.tranches, own, reward)
        cancelled = replace(own, cost=charge.cost + charge.increase.cost, acquired=0, request=0)
        return ChargeStep(step.tranches, cancelled, (*dropped.lines, *step.lines), charge.value)
    lines: list[PartitionLine] = []
    for budget in charge.budgets[: charge.acquired]:
        tranches = _discharge(tranches, charge, budget, charge.cost)
        step = _give_back(tranches, None, reward, budget, charge.unit, charge.cost)
        tranches, lines = step.tranches, [*lines, *step.lines]
    if charge.waits_for is not None and charge.request:
        step = _give_back(tranches, None, reward, charge.waits_for, charge.unit, 0, charge.request)
        tranches, lines = step.tranches, [*lines, *step.lines]
    return ChargeStep(tranches, replace(charge, acquired=0, request=0), tuple(lines))


def adjust(
    tranches: Tranches, charge: Charge, reward: ChargedReward, to: tuple[Value, Value], limits: dict[str, int]
) -> ChargeStep:
    """Charges the difference to a higher cost, or hands back that to a lower one: `to` is the cost, and what the reward is worth.

    A difference for which a budget has too little waits in its queue, as a reward does. A cost in another unit than the one that
    is charged changes nothing: the reward stays worth what is paid.
    """
    (cost, unit), value = (to[0].amount, to[0].unit), to[1]
    if unit != charge.unit:
        return ChargeStep(tranches, charge)
    if charge.increase is not None and cost == charge.cost + charge.increase.cost:
        return ChargeStep(tranches, replace(charge, value=value))
    if charge.is_cancelled:
        return ChargeStep(tranches, replace(charge, cost=cost), value=value)
    step = drop_increase(tranches, charge, reward)
    kept = replace(charge, increase=None, value=None)
    if cost <= charge.cost:
        lowered = _lower(step.tranches, kept, reward, cost)
        return replace(lowered, lines=(*step.lines, *lowered.lines), value=value)
    raised = replace(kept, increase=Charge(cost - charge.cost, charge.unit, charge.budgets), value=value)
    return _acquire_increase(replace(step, charge=raised), reward, limits)


def drop_increase(tranches: Tranches, charge: Charge, reward: ChargedReward) -> ChargeStep:
    """Hands back what of a higher cost was acquired, and withdraws its request: the reward stays worth what it is."""
    if charge.increase is None:
        return ChargeStep(tranches, charge)
    step = cancel(tranches, charge.increase, reward)
    return replace(step, charge=replace(charge, increase=None, value=None))


def _acquire_increase(step: ChargeStep, reward: ChargedReward, limits: dict[str, int]) -> ChargeStep:
    """Charges what a higher cost adds, once the reward's own charge is complete."""
    charge = step.charge
    if charge is None or charge.increase is None or not charge.is_complete:
        return step
    acquired = acquire(step.tranches, charge.increase, reward, limits)
    return _with_increase(charge, replace(acquired, lines=(*step.lines, *acquired.lines)))


def _with_increase(charge: Charge, step: ChargeStep) -> ChargeStep:
    """The step of an increase as one of the whole charge: once it is complete, the reward costs more and is worth more."""
    increase = step.charge
    if increase is None or not increase.is_complete:
        return replace(step, charge=replace(charge, increase=increase))
    paid = replace(charge, cost=charge.cost + increase.cost, increase=None, value=None)
    return replace(step, charge=paid, value=charge.value)


def _asking_part(charge: Charge | None, line: BudgetAllotted) -> Charge | None:
    """The charge that a budget answers: the reward's own, or that of its increase; None if neither waits any more."""
    parts = () if charge is None else (charge, charge.increase)
    asking = (one for one in parts if one and one.request == line.request and one.waits_for == line.budget)
    return next(asking, None)


def _lower(tranches: Tranches, charge: Charge, reward: ChargedReward, cost: int) -> ChargeStep:
    """Hands back the difference to a lower cost. What a waiting reward is allotted beyond it goes back on arrival."""
    lines: list[PartitionLine] = []
    for budget in charge.budgets[: charge.acquired]:
        tranches = _discharge(tranches, charge, budget, charge.cost - cost)
        step = _give_back(tranches, None, reward, budget, charge.unit, charge.cost - cost)
        tranches, lines = step.tranches, [*lines, *step.lines]
    return ChargeStep(tranches, replace(charge, cost=cost), tuple(lines))


def _request(tranches: Tranches, charge: Charge, reward: ChargedReward) -> ChargeStep:
    """Requests the cost of the next budget, and a tranche unless that is requested already."""
    budget = charge.budgets[charge.acquired]
    name = tranche_name(budget, charge.unit)
    tranche = tranches.get(name)
    number, asks = tranche.sent + 1, not tranche.asked
    line = BudgetRequested(
        **_header(reward, budget, charge.unit, number),
        id=reward.reward,
        beneficiary=reward.beneficiary,
        amount=charge.cost,
        tranche=asks,
        returned=tranche.available if asks else 0,
        seen=tranche.received,
    )
    after = replace(tranche, sent=number, **({"asked": number, "available": 0} if asks else {}))
    return ChargeStep(tranches.with_tranche(name, after), replace(charge, request=number), (line,))


def _give_back(
    tranches: Tranches,
    charge: Charge | None,
    reward: ChargedReward,
    budget: str,
    unit: str,
    amount: int,
    withdrawn: int = 0,
) -> ChargeStep:
    """A line that hands an amount back or withdraws a request; none for neither."""
    if not amount and not withdrawn:
        return ChargeStep(tranches, charge)
    name = tranche_name(budget, unit)
    tranche = tranches.get(name)
    number = tranche.sent + 1
    line = BudgetReturned(**_header(reward, budget, unit, number), amount=amount, withdrawn=withdrawn)
    return ChargeStep(tranches.with_tranche(name, replace(tranche, sent=number)), charge, (line,))


def _spend(tranches: Tranches, charge: Charge) -> Tranches:
    """What was reserved in each budget is spent once all have it."""
    for budget in charge.budgets:
        name = tranche_name(budget, charge.unit)
        tranche = tranches.get(name)
        spent = replace(tranche, reserved=tranche.reserved - charge.cost, spent=tranche.spent + charge.cost)
        tranches = tranches.with_tranche(name, spent)
    return tranches


def _discharge(tranches: Tranches, charge: Charge, budget: str, amount: int) -> Tranches:
    name = tranche_name(budget, charge.unit)
    tranche = tranches.get(name)
    if charge.is_complete:
        return tranches.with_tranche(name, replace(tranche, spent=tranche.spent - amount))
    return tranches.with_tranche(name, replace(tranche, reserved=tranche.reserved - amount))


def _header(reward: ChargedReward, budget: str, unit: str, number: int) -> _TrancheHeader:
    return {
        "occurred_at": reward.at,
        "program": reward.program,
        "budget": budget,
        "unit": unit,
        "partition": reward.partition,
        "number": number,
    }
