"""What the log says about rewards: which are in effect, what their budgets had spent at most, and which messages are due."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from msgspec.structs import replace

from referral.events.budgets import BudgetAllotted, BudgetRequested, BudgetReturned
from referral.events.ids import derive_id
from referral.events.line import Cause
from referral.events.money import Value
from referral.events.redemptions import RedemptionReturned, RewardRedeemed
from referral.events.rewards import (
    RewardAdjusted,
    RewardFulfilled,
    RewardGranted,
    RewardHeld,
    RewardLine,
    RewardRevoked,
)

_Lending = BudgetAllotted | BudgetRequested | BudgetReturned
_Counted = (
    RewardGranted
    | RewardAdjusted
    | RewardHeld
    | RewardRevoked
    | RewardFulfilled
    | RewardRedeemed
    | RedemptionReturned
    | _Lending
)


class RecordedLine(NamedTuple):
    """A line of `rewards`, and when it was recorded (ms)."""

    recorded_at_ms: int
    line: RewardLine


class BudgetLimit(NamedTuple):
    """The total of a rule's budget in minor units, from a time on (ms)."""

    from_ms: int
    rule: str
    total: int


@dataclass(slots=True)
class RecordedRewards:
    """The rewards of a program by the lines that were added. Lines that a fold repeated after a crash count once.

    `values` are the rewards in effect, with what they are worth now; `waited` those that ever waited for a budget or a code, by the
    reason; `messages` the ids of the messages that receivers are due; `credit_uses` the requests by which credit was used.
    """

    program: str
    values: dict[str, Value | None] = field(default_factory=dict)
    waited: dict[str, set[str]] = field(default_factory=dict)
    fulfilled: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    credit_uses: set[str] = field(default_factory=set)
    _grants: dict[str, RewardGranted] = field(default_factory=dict)
    _used: Counter[str] = field(default_factory=Counter)
    _charged: Counter[str] = field(default_factory=Counter)
    _raised: dict[str, int] = field(default_factory=dict)  # to what the cost of a reward rises once its budgets have it
    _changes: list[tuple[int, int, str]] = field(default_factory=list)  # when, by how much, of which rule's budget
    _lent: list[tuple[int, int, str]] = field(default_factory=list)  # the same of what a budget lent to partitions
    _causes: set[Cause] = field(default_factory=set)

    def add(self, recorded: RecordedLine) -> None:
        """Adds a line; the lines of one reward in their order."""
        line = recorded.line
        if not isinstance(line, _Counted) or line.program != self.program or line.cause in self._causes:
            return
        self._causes.add(line.cause)
        if isinstance(line, RewardFulfilled | RewardRevoked | RewardRedeemed):
            self.messages.add(derive_id("msg", *map(str, line.cause)))
        if isinstance(line, _Lending):
            self._lent.append((recorded.recorded_at_ms, _lending_change(line), line.budget))
        elif isinstance(line, RewardRedeemed | RedemptionReturned):
            self._add_use(line, recorded.recorded_at_ms)
        else:
            self._add_step(line, recorded.recorded_at_ms)

    def budget_excess(self, limits: Sequence[BudgetLimit]) -> int:
        """By how many minor units rewards have cost, or a budget has lent, more than its total at any time; 0 if never.

        The log does not have the moment at which a higher cost of a reward is charged: it counts at the end, and before that as a
        part of what was lent.
        """
        raises = ((reward, cost - self._charged[reward]) for reward, cost in self._raised.items())
        end_ms = max((at_ms for at_ms, _, _ in self._changes), default=0)
        at_the_end = [(end_ms, change, self._grants[reward].rule) for reward, change in raises]
        return max(_excess([*self._changes, *at_the_end], limits), _excess(self._lent, limits))

    def _add_use(self, line: RewardRedeemed | RedemptionReturned, at_ms: int) -> None:
        """A use, or what came back of one. A revoked reward is charged as long as it is used."""
        amount, is_revoked = line.value.amount if line.value else 1, line.id not in self.values
        if isinstance(line, RedemptionReturned):
            self._used[line.id] -= amount
            if is_revoked and self._used[line.id] <= 0:
                self._change(at_ms, line.id, 0)
            return
        self._used[line.id] += amount
        if is_revoked:
            self._charge(at_ms, line.id)
        if self._grants[line.id].kind == "credit":
            self.credit_uses.add(line.request)

    def _add_step(
        self, line: RewardGranted | RewardAdjusted | RewardHeld | RewardRevoked | RewardFulfilled, at_ms: int
    ) -> None:
        match line:
            case RewardGranted():
                self._grants[line.id], self.values[line.id] = line, line.value
            case RewardAdjusted():
                self.values[line.id] = line.value
                self._grants[line.id] = replace(self._grants[line.id], cost=line.cost)
                self._adjust(at_ms, line.id, line.cost.amount if line.cost else 0)
            case RewardHeld():
                self.waited.setdefault(line.reason, set()).add(line.id)
            case RewardFulfilled():
                self.fulfilled.add(line.id)
                self._charge(at_ms, line.id)
            case RewardRevoked():
                self.values.pop(line.id, None)
                if self._used[line.id] <= 0:
                    self._change(at_ms, line.id, 0)

    def _charge(self, at_ms: int, reward: str) -> None:
        cost = self._grants[reward].cost
        self._change(at_ms, reward, cost.amount if cost else 0)

    def _adjust(self, at_ms: int, reward: str, cost: int) -> None:
        """A lower cost counts at once; a higher one may have to wait for the budget."""
        charged = self._charged[reward]
        if charged:
            self._change(at_ms, reward, min(cost, charged))
        if charged and cost > charged:
            self._raised[reward] = cost

    def _change(self, at_ms: int, reward: str, charged: int) -> None:
        """What a reward is charged with from now on, if its rule has a budget of its own."""
        self._raised.pop(reward, None)
        grant, change = self._grants.get(reward), charged - self._charged[reward]
        if grant is not None and grant.rule in grant.budgets and change:
            self._charged[reward] = charged
            self._changes.append((at_ms, change, grant.rule))


def deliveries(due: Iterable[str], accepted: Mapping[str, int], pending: int, dead: int) -> dict[str, int]:
    """What became of the messages that are due: accepted by the receiver, waiting for an attempt, given up, or none of these."""
    due = set(due)
    delivered = len(due & accepted.keys())
    lost = max(0, len(due) - delivered - pending - dead)
    return {"delivered": delivered, "pending": pending, "dead": dead, "lost": lost}


def _lending_change(line: _Lending) -> int:
    """By how much a line changes what its budget has lent."""
    match line:
        case BudgetAllotted():
            return line.amount + line.tranche
        case BudgetRequested():
            return -line.returned
        case BudgetReturned():
            return -line.amount
        case _:
            assert_never(line)


def _excess(changes: Iterable[tuple[int, int, str]], limits: Sequence[BudgetLimit]) -> int:
    """By how much the sum of the changes of a budget is above its total at most; 0 if it never is."""
    sums: Counter[str] = Counter()
    worst = 0
    for at_ms, change, budget in sorted(changes):  # at one time, what comes back first
        sums[budget] += change
        if (limit := _limit(limits, budget, at_ms)) is not None:
            worst = max(worst, sums[budget] - limit)
    return worst


def _limit(limits: Sequence[BudgetLimit], rule: str, at_ms: int) -> int | None:
    """The largest total up to a time: a smaller one takes nothing back."""
    return max((one.total for one in limits if one.rule == rule and one.from_ms <= at_ms), default=None)
