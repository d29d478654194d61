"""The rewards of all beneficiaries, added up from the lines of `rewards` alone. Pure.

It uses nothing of the ledger fold: it adds up what the lines say was granted, handed over, used, given back, paid and taken back.
Memory is bounded by the number of rewards.
"""

from collections import deque
from collections.abc import Iterator
from sys import intern
from typing import assert_never

from msgspec import Struct

from referral.events.budgets import (
    BudgetAllotted,
    BudgetContinued,
    BudgetReached,
    BudgetRecalled,
    BudgetReleaseRequested,
    BudgetRequested,
    BudgetReturned,
)
from referral.events.line import ClockTicked
from referral.events.money import Value
from referral.events.order_codes import OrderCodeRefused, OrderCodeSought, OrderCodeTaken, OrderReported
from referral.events.redemptions import (
    ChargeReviewRequested,
    OffsetRequested,
    RedemptionChangeRequested,
    RedemptionHeld,
    RedemptionRefused,
    RedemptionReleased,
    RedemptionRequested,
    RedemptionReturned,
    RewardOffset,
    RewardRedeemed,
)
from referral.events.rewards import (
    ClawbackOpened,
    CodeIssued,
    RewardActionRefused,
    RewardActionRequested,
    RewardAdjusted,
    RewardApproved,
    RewardDelivered,
    RewardExpired,
    RewardFulfilled,
    RewardGranted,
    RewardHeld,
    RewardLine,
    RewardReleased,
    RewardRestored,
    RewardRevoked,
    RewardStopped,
)
from referral.fold.fence import Fence
from referral.topics import REWARDS
from referral_tools.reconciliation.budget_sums import BudgetSums
from referral_tools.reconciliation.money_figures import REWARDS_UNIT, MoneyFigures, Stage, figures_of

_DIVISIBLE_KINDS = ("credit", "discount_code")


class RewardSum(Struct, gc=False):
    """The sums of one reward. Amounts are minor units of `unit`; a reward that is used as a whole is worth 1.

    `taken_back` with `was_used`: the use stays, and is owed. What an operator took back, only an operator gives back. `charged`:
    its budgets have its cost. The log does not state when budgets have paid a higher cost: of a
    reward whose cost has changed, `costs` and `worths` are all that the log states, and `cost` and `worth` the last of them.
    """

    program: str
    rule: str
    beneficiary: str
    unit: str
    worth: int
    smallest_use: int
    cost: Value | None
    budgets: tuple[str, ...]
    charged: bool
    costs: tuple[int, ...] = ()
    worths: tuple[int, ...] = ()
    used: int = 0
    absorbed: int = 0
    repaid: int = 0
    holds: dict[str, int] | None = None
    handed_over: bool = False
    on_hold: bool = False
    expired: bool = False
    taken_back: bool = False
    was_used: bool = False
    by_operator: bool = False

    @property
    def consumption(self) -> int:
        """What was used, or has paid for debt."""
        return self.used + self.absorbed

    @property
    def reservation(self) -> int:
        """What is held for orders."""
        return sum(self.holds.values()) if self.holds else 0

    @property
    def stage(self) -> Stage:
        """Where the reward is."""
        return self._stage_at(self.worth)

    def adopt_worth(self, figures: MoneyFigures) -> None:
        """Takes the one of the stated worths that leads to these figures, if any does."""
        self.worth = next((worth for worth in self.worths if self._figures_at(worth) == figures), self.worth)

    def _stage_at(self, worth: int) -> Stage:
        if self.taken_back:
            return "taken_back"
        if self.expired:
            return "expired"
        if self.on_hold or not self.handed_over:
            return "held"
        is_used_up = self.used > 0 and not self.holds and worth - self.consumption < max(1, self.smallest_use)
        return "closed" if is_used_up else "free"

    @property
    def figures(self) -> MoneyFigures:
        """What became of it."""
        return self._figures_at(self.worth)

    def _figures_at(self, worth: int) -> MoneyFigures:
        return figures_of(self._stage_at(worth), worth, self.consumption, self.repaid, self.reservation)


class PartitionSums:
    """The sums of one partition of `rewards`.

    A line of the ledger is on the log behind the lines that it has decided on, and perhaps behind others. Each line is added where
    it had its effect: other lines wait until the ledger has read them, or a line of the ledger shows that it has.
    """

    def __init__(self, partition: int) -> None:
        self.rewards: dict[str, RewardSum] = {}
        self._partition = partition
        self._seen = Fence()
        self._waiting: deque[tuple[int, int, RewardLine]] = deque()

    def add(self, offset: int, number: int, line: RewardLine) -> bool:
        """Adds a line: the one with this number in the record at `offset`. Returns whether it is new: a crash repeats lines."""
        cause = line.cause
        if not self._seen.take(cause):
            return False
        if cause[:2] == (REWARDS.name, self._partition):
            self._settle((cause[2], cause[3]))
            self._apply(line)
        else:
            self._waiting.append((offset, number, line))
        return True

    def settle(self, offset: int) -> None:
        """The ledger has read everything up to this offset, and what followed from it was added."""
        self._settle((offset + 1, -1))

    def _settle(self, until: tuple[int, int]) -> None:
        while self._waiting and self._waiting[0][:2] <= until:
            self._apply(self._waiting.popleft()[2])

    def _apply(self, line: RewardLine) -> None:  # noqa: C901 - a table
        match line:
            case RewardGranted():
                self._grant(line)
            case RewardRevoked() | ClawbackOpened():
                self._take_back(line)
            case RewardOffset():
                self._offset(line)
            case RewardAdjusted():
                if reward := self.rewards.get(line.id):
                    worth = reward.worth if reward.unit == REWARDS_UNIT else line.value.amount
                    _adjust(reward, line.cost, worth)
            case (
                RewardFulfilled()
                | RewardHeld()
                | RewardReleased()
                | RewardExpired()
                | RewardRestored()
                | RewardRedeemed()
                | RedemptionHeld()
                | RedemptionReleased()
                | RedemptionReturned()
            ):
                if reward := self.rewards.get(line.id):
                    _change(reward, line)
            case (
                RewardStopped()
                | RewardApproved()
                | RewardDelivered()
                | RedemptionRequested()
                | RedemptionRefused()
                | RedemptionChangeRequested()
                | OffsetRequested()
                | ChargeReviewRequested()
                | RewardActionRequested()
                | RewardActionRefused()
                | CodeIssued()
                | BudgetRequested()
                | BudgetAllotted()
                | BudgetReturned()
                | BudgetReleaseRequested()
                | BudgetContinued()
                | BudgetReached()
                | BudgetRecalled()
                | OrderReported()
                | OrderCodeSought()
                | OrderCodeTaken()
                | OrderCodeRefused()
                | ClockTicked()
            ):
                pass
            case _:
                assert_never(line)

    def _grant(self, line: RewardGranted) -> None:
        """A new reward, or one that was taken back and is owed again; a use that stayed needs no new charge."""
        before = self.rewards.get(line.id)
        if before is None:
            self.rewards[line.id] = _new_sum(line)
        elif before.taken_back and not before.by_operator:
            if before.was_used:
                if line.value is not None:
                    _adjust(before, line.cost, _worth(line))
                before.taken_back = before.was_used = False
                return
            again = _new_sum(line)
            again.used, again.repaid, again.on_hold, again.holds = (
                before.used,
                before.repaid,
                before.on_hold,
                before.holds,
            )
            self.rewards[line.id] = again

    def _take_back(self, line: RewardRevoked | ClawbackOpened) -> None:
        """What is unused is taken back, and its charge; what was used is owed. What expired unused cannot be taken back."""
        reward = self.rewards.get(line.id)
        if reward is None or reward.taken_back or (reward.expired and not reward.consumption):
            return
        reward.taken_back, reward.expired = True, False
        reward.was_used = reward.consumption > 0
        reward.by_operator = line.reason == "operator"
        reward.charged = reward.charged and reward.was_used

    def _offset(self, line: RewardOffset) -> None:
        amount = -line.value.amount if line.given_back else line.value.amount
        if lot := self.rewards.get(line.id):
            lot.absorbed += amount
            _end_clawback(lot)
        if debtor := self.rewards.get(line.debtor):
            debtor.repaid += amount


class RewardSums:
    """The sums of all partitions of `rewards`, and of budgets; of one program, or of all (None)."""

    def __init__(self, partitions: int, program: str | None = None) -> None:
        self.partitions = [PartitionSums(number) for number in range(partitions)]
        self.budgets = BudgetSums()
        self._program = program

    def add(self, partition: int, offset: int, number: int, line: RewardLine) -> None:
        """Adds a line of the log. Those of a partition come in their order."""
        if isinstance(line, ClockTicked) or (self._program and line.program != self._program):
            return
        if self.partitions[partition].add(offset, number, line):
            self.budgets.add(line)

    def settle(self, offsets: dict[int, int]) -> None:
        """The ledger has read each partition up to this offset, and what followed from it was added."""
        for partition, offset in offsets.items():
            self.partitions[partition].settle(offset)

    def rewards(self) -> Iterator[tuple[str, RewardSum]]:
        """Every reward with its id."""
        for partition in self.partitions:
            yield from partition.rewards.items()


_Change = (
    RewardFulfilled
    | RewardHeld
    | RewardReleased
    | RewardExpired
    | RewardRestored
    | RewardRedeemed
    | RedemptionHeld
    | RedemptionReleased
    | RedemptionReturned
)


def _new_sum(line: RewardGranted) -> RewardSum:
    has_cost = bool(line.budgets and line.cost)
    is_divisible = line.value is not None and line.kind in _DIVISIBLE_KINDS
    return RewardSum(
        program=intern(line.program),
        rule=intern(line.rule),
        beneficiary=line.beneficiary,
        unit=intern(line.value.unit) if line.value and is_divisible else REWARDS_UNIT,
        worth=_worth(line),
        smallest_use=line.smallest_use or 0,
        cost=line.cost if has_cost else None,
        budgets=line.budgets,
        charged=has_cost,
    )


def _worth(line: RewardGranted) -> int:
    return line.value.amount if line.value is not None and line.kind in _DIVISIBLE_KINDS else 1


def _change(reward: RewardSum, line: _Change) -> None:  # noqa: C901 - a table
    match line:
        case RewardFulfilled():
            reward.handed_over = True
        case RewardHeld():
            reward.on_hold = reward.on_hold or line.reason == "operator"
            reward.handed_over = reward.handed_over and line.reason not in ("file_missing", "budget")
        case RewardReleased():
            reward.on_hold = False
        case RewardExpired():
            reward.expired = True
        case RewardRestored():
            reward.charged = reward.charged or (reward.cost is not None and not reward.was_used)
            reward.taken_back = reward.was_used = reward.by_operator = False
        case RewardRedeemed():
            _hold(reward, line.request, -_amount(line.value), only_open=True)
            reward.used += _amount(line.value)
            if reward.taken_back:
                reward.was_used, reward.charged = True, reward.cost is not None
        case RedemptionReturned():
            reward.used -= _amount(line.value)
            _end_clawback(reward)
        case RedemptionHeld():
            _hold(reward, line.request, _amount(line.value))
        case RedemptionReleased():
            _hold(reward, line.request, -_amount(line.value))
        case _:
            assert_never(line)


def _adjust(reward: RewardSum, cost: Value | None, worth: int) -> None:
    """Another worth; and, where budgets pay for it, another cost."""
    if reward.cost is not None:
        amount = cost.amount if cost else 0
        reward.costs = tuple({*reward.costs, reward.cost.amount, amount})
        reward.worths = tuple({*reward.worths, reward.worth, worth})
        reward.cost = Value(amount, reward.cost.unit)
    reward.worth = worth


def _amount(value: Value | None) -> int:
    return 1 if value is None else value.amount


def _hold(reward: RewardSum, request: str, amount: int, *, only_open: bool = False) -> None:
    """Adds to what a request holds; a use only takes from what its own request held before."""
    holds = reward.holds or {}
    if only_open and request not in holds:
        return
    left = holds.get(request, 0) + amount
    reward.holds = {**holds, request: left} if left else {one: held for one, held in holds.items() if one != request}


def _end_clawback(reward: RewardSum) -> None:
    """All that was used of a reward that was taken back was given back since: it is revoked, and not charged, as if never used."""
    if reward.was_used and not reward.consumption:
        reward.was_used = reward.charged = False
