"""A random campaign on the real ledger in memory: grants, revocations and changed costs, over eight partitions, with crashes, wipes
and repeated lines; and what must hold of its budgets at any time.

Each reward is worth what it costs, so what the accounts are worth says what the budgets have to have paid.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.budgets import BudgetAllotted, BudgetLine, BudgetReached, BudgetRecalled, BudgetRequested
from referral.events.line import ClockTicked
from referral.events.money import Value
from referral.events.program import Program
from referral.events.reward_rules import Budget, Caps, Reward
from referral.events.rewards import RewardAction, RewardAdjusted, RewardGranted, RewardHeld, RewardLine, reward_key
from referral.events.timestamps import to_ms
from referral.fold.decider import Decider
from referral.fold.failpoints import POINTS
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner
from referral.key_ring import KeyRing
from referral.log.memory_log import MemoryFoldProducer, MemoryLog, MemorySource
from referral.log.records import split
from referral.topics import REWARDS, Topic, partition_of
from reward_dispatcher.domain.account import OPEN, Account
from reward_dispatcher.domain.balance import free
from reward_dispatcher.domain.budget import BudgetAccount
from reward_dispatcher.domain.tranche import Charge, Tranche, Tranches
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.folds.state_changes import State
from reward_dispatcher.sealed_codes import CodeSealer
from tests.support.builders.participants import PROGRAM, START, person_id
from tests.support.builders.reward_dispatcher import grant, revocation, reward_action, reward_terms
from tests.support.folds import drain

PARTITIONS = 8
UNIT = "CNY"
RULE = "first20"
CODES = CodeSealer(KeyRing.parse("", "k" * 32))
_POINTS = [point for point in POINTS if point != "during_produce"]  # the log in memory has no step during produce
_decode_state = msgspec.msgpack.Decoder(State).decode
_decode_line = msgspec.json.Decoder(RewardLine).decode


class Crash(Exception):
    """The process died here."""


@dataclass(slots=True)
class _ReadPartition:
    """The decoded lines of so many records."""

    records: int = 0
    lines: list[Any] = field(default_factory=list)


class BudgetedCampaign:
    """The ledger of one program with a budget of `total`, and of `of_rule` for one of its rules; amounts are whole yuan."""

    def __init__(self, seed: int, total: int, of_rule: int | None = None) -> None:
        self.random = Random(seed)
        self.catalog = Catalog()
        self.log = MemoryLog(ManualClock(to_ms(START)))
        self.states = MemoryStateStore()
        self.now = START
        self.versions = 0
        self.limits = {"total": 0, RULE: 0}  # the highest that was ever in force, in fen
        self.owed: dict[str, RewardGranted] = {}
        self.granted = 0
        self.acted = 0
        self._markers: dict[int, int] = {}
        self._read = [_ReadPartition() for _ in range(PARTITIONS)]
        self.apply_version(total, of_rule)
        self.start_worker()

    def apply_version(self, total: int, of_rule: int | None = None) -> None:
        """A program version with these budgets takes effect in a second."""
        self.versions += 1
        self.now += timedelta(seconds=1)
        budgets = {"total": total, RULE: of_rule}
        for id, yuan in budgets.items():
            self.limits[id] = max(self.limits[id], (yuan or 0) * 100)
        terms = reward_terms(version=self.versions, effective_from=self.now)
        self.catalog.apply(replace(terms, program=_with_budgets(terms.program, total, of_rule)))

    def start_worker(self, failing_at: str | None = None) -> None:
        """Replaces the worker; what the previous one held in memory is lost. It dies at the step `failing_at`."""

        def failpoint(point: str) -> None:
            if point == failing_at:
                raise Crash

        fold: LedgerFold = LedgerFold(CODES.generate, CODES)
        source = MemorySource(self.log, REWARDS.name, PARTITIONS, self._markers)
        decider: Decider[Any, Any] = Decider(fold, self.catalog, _partitions)
        producer = MemoryFoldProducer(self.log)
        self.worker = FoldRunner(
            fold, source, self.states, producer, decider, FoldMetrics(fold.name), failpoint=failpoint
        )

    def append(self, line: Any, partition: int | None = None) -> None:
        """Appends a line to the partition of its key."""
        target = partition_of(reward_key(line), PARTITIONS) if partition is None else partition
        self.log.append(REWARDS.name, target, msgspec.json.encode(line))

    def tick(self, seconds: int = 60) -> None:
        """Time passes, in every partition."""
        self.now += timedelta(seconds=seconds)
        for partition in range(PARTITIONS):
            self.append(ClockTicked(occurred_at=self.now, id=f"tick_{to_ms(self.now)}"), partition)

    def grant(self, cost: int, budgets: tuple[str, ...] = ("total",), person: str | None = None) -> str:
        """A reward of `cost` fen is granted; returns its id."""
        self.granted += 1
        beneficiary = person_id(person or f"xhs:friend{self.random.randrange(60)}")
        value = Value(cost, UNIT)
        line = replace(
            grant(f"rwd_{self.granted}", at=self.now, beneficiary=beneficiary), value=value, cost=value, budgets=budgets
        )
        self.owed[line.id] = line
        self.append(line)
        return line.id

    def revoke(self, reward: str) -> None:
        """A reward is revoked."""
        line = self.owed.pop(reward)
        self.append(revocation(reward, at=self.now, beneficiary=line.beneficiary))

    def adjust(self, reward: str, cost: int) -> None:
        """The order of a reward was refunded in part, or is valid again: now it is worth `cost` fen, and costs that."""
        value = Value(cost, UNIT)
        line = self.owed[reward] = replace(self.owed[reward], value=value, cost=value)
        adjusted = RewardAdjusted(
            occurred_at=self.now,
            program=line.program,
            id=reward,
            beneficiary=line.beneficiary,
            value=value,
            cost=value,
        )
        self.append(adjusted)

    def restore(self, line: RewardGranted) -> None:
        """A revoked reward is granted again."""
        again = replace(line, occurred_at=self.now)
        self.owed[line.id] = again
        self.append(again)

    def act(self, action: RewardAction, reward: str) -> None:
        """An operator decides about a reward, and all that follows is folded."""
        beneficiary = self.owed[reward].beneficiary
        self.append(reward_action(action, f"act_{self.next_number()}", reward, at=self.now, beneficiary=beneficiary))
        self.drain()

    def next_number(self) -> int:
        """A number that no request has had."""
        self.acted += 1
        return self.acted

    def repeat_a_line(self) -> None:
        """A line between a budget and a partition is on the log a second time, without its cause, which would give it away."""
        partition = self.random.randrange(PARTITIONS)
        lines = [line for line in self.lines(partition) if isinstance(line, BudgetLine)]
        if lines:
            self.append(replace(self.random.choice(lines), cause=("", 0, 0, 0, 0)), partition)

    def crash(self) -> None:
        """The worker dies at some step of a batch, and another one takes over."""
        self.start_worker(self.random.choice(_POINTS))
        try:
            self.worker.run_once(0)
            self.worker.run_once(0)
        except Crash:
            pass
        self.start_worker()

    def drain(self) -> None:
        """Everything on the log is folded, by a worker that notices a wipe at once."""
        self.start_worker()
        records = -1
        while records != (
            records := sum(map(len, self.log.records.values()))
        ):  # a tick is no line, but may lead to one
            drain(self.worker)

    def play(self, steps: int, most: int, budgets: tuple[tuple[str, ...], ...] = (("total",),)) -> None:
        """Random steps: grants that cost up to `most` fen, changed costs, revocations, new grants, and what must change nothing."""
        revoked: list[RewardGranted] = []
        for _ in range(steps):
            if self.random.random() < 0.5:
                for _ in range(self.random.randrange(1, 8)):
                    self.grant(self.random.randint(1, most), self.random.choice(budgets))
            if self.random.random() < 0.15 and self.owed:
                revoked.append(self.owed[self.random.choice(list(self.owed))])
                self.revoke(revoked[-1].id)
            for _ in range(self.random.randrange(4) if self.owed else 0):
                self.adjust(self.random.choice(list(self.owed)), self.random.randint(0, most))
            if self.random.random() < 0.05 and revoked:
                self.restore(revoked.pop(self.random.randrange(len(revoked))))
            self._disturb()
            self.check()

    def _disturb(self) -> None:
        """A round of the worker, mostly; or something that must change nothing."""
        steps = self.worker_round, self.crash, self.repeat_a_line, self.tick, self.states.wipe
        self.random.choices(steps, weights=(60, 14, 14, 8, 4))[0]()

    def worker_round(self) -> None:
        """The worker folds a batch of each partition."""
        self.worker.run_once(0)

    def lines(self, partition: int) -> list[Any]:
        """The lines of one partition."""
        known, records = self._read[partition], self.log.records[REWARDS.name, partition]
        for record in records[known.records :]:
            known.lines += [_decode_line(raw) for raw in split(record.value)]
        known.records = len(records)
        return known.lines

    def tranches(self) -> dict[str, dict[int, Tranche]]:
        """The tranches by budget and partition."""
        found: dict[str, dict[int, Tranche]] = defaultdict(dict)
        for partition, values in self.states.values.items():
            for raw in values.values():
                state = _decode_state(raw)
                if isinstance(state, Tranches):
                    for name, tranche in state.tranches.items():
                        found[name.partition("|")[0]][partition] = tranche
        return found

    def states_of(self, kind: type[Any]) -> list[Any]:
        """Every state of a kind, over all partitions."""
        decoded = (_decode_state(raw) for values in self.states.values.values() for raw in values.values())
        return [state for state in decoded if isinstance(state, kind)]

    def budget(self, id: str = "total") -> BudgetAccount:
        """The account of a budget."""
        return next(one for one in self.states_of(BudgetAccount) if one.budget == id)

    def accounts(self) -> dict[str, Account]:
        """The rewards by id."""
        return {account.id: account for account in self.states_of(Account)}

    def charges(self) -> list[Charge]:
        """The charges of all rewards."""
        return self.states_of(Charge)

    def stopped(self) -> list[str]:
        """The ids of the rewards that wait for a budget."""
        return sorted(id for id, account in self.accounts().items() if account.hold_reason == "budget")

    def holds(self, id: str) -> list[str | None]:
        """The budgets that the log says a reward waits for, in this order."""
        lines = (line for partition in range(PARTITIONS) for line in self.lines(partition))
        return [line.budget for line in lines if isinstance(line, RewardHeld) and line.id == id]

    def spent(self, budget: str = "total") -> int:
        """What the rewards are worth that are owed and not stopped, from the grants and the accounts alone."""
        accounts = self.accounts()
        paid = [
            accounts[id]
            for id, line in self.owed.items()
            if budget in line.budgets and id in accounts and accounts[id].hold_reason != "budget"
        ]
        return sum(account.value.amount for account in paid if account.value and account.status in OPEN)

    def waiting_increases(self) -> int:
        """How many rewards wait for a budget to pay their higher cost."""
        return sum(charge.increase is not None and charge.increase.request > 0 for charge in self.charges())

    def check(self) -> None:
        """What holds at any time: never one unit over, and at most one tranche of a partition unspent."""
        lent = self._largest_tranches()
        for budget, by_partition in self.tranches().items():
            total = sum(one.spent + one.reserved + one.available for one in by_partition.values())
            assert total <= self.limits[budget], (
                f"{total} fen of budget {budget} are spent or lent, of {self.limits[budget]}"
            )
            for partition, tranche in by_partition.items():
                assert min(tranche.available, tranche.spent, tranche.reserved) >= 0, tranche
                assert tranche.available <= lent[budget, partition], (budget, partition, tranche)

    def check_at_rest(self) -> None:
        """What holds once every line is folded: nothing is lost between a budget and its partitions."""
        self.check()
        self.check_charges()
        for account in self.states_of(BudgetAccount):
            by_partition = self.tranches()[account.budget].values()
            assert account.lent == sum(one.spent + one.reserved + one.available for one in by_partition)
            assert sum(one.spent for one in by_partition) == self.spent(account.budget)
            assert not account.continuing
        waiting = sum(account.waiting for account in self.states_of(BudgetAccount))
        assert waiting == len(self.stopped()) + self.waiting_increases()

    def check_charges(self) -> None:
        """What a reward is charged follows from its account: nothing once it is revoked, a higher cost while it can be used."""
        for id, account in self.accounts().items():
            charge = self.charge_of(id)
            if charge is not None:
                assert charge.is_cancelled == (account.status == "revoked"), (account, charge)
                is_over = account.clawback or account.status in ("revoked", "expired")
                assert charge.increase is None or not is_over, (account, charge)
                assert charge.is_complete or not free(account, to_ms(self.now)), (account, charge)

    def charge_of(self, reward: str) -> Charge | None:
        """The charge of a reward."""
        key = state_keys.charge(reward)
        found = (values[key] for values in self.states.values.values() if key in values)
        charge = next(map(_decode_state, found), None)
        assert charge is None or isinstance(charge, Charge)
        return charge

    def check_refold(self) -> None:
        """The same states again from the log, however its lines are cut into batches."""
        before = self._values()
        self.states.wipe()
        self.drain()
        assert self._values() == before

    def _values(self) -> dict[int, dict[str, object]]:
        values = self.states.values.items()
        return {partition: {key: _decode_state(raw) for key, raw in own.items()} for partition, own in values}

    def _largest_tranches(self) -> dict[tuple[str, int], int]:
        largest: dict[tuple[str, int], int] = defaultdict(int)
        for partition in range(PARTITIONS):
            for line in self.lines(partition):
                if isinstance(line, BudgetAllotted):
                    largest[line.budget, partition] = max(largest[line.budget, partition], line.tranche)
        return largest

    def requests(self, budget: str = "total") -> list[BudgetRequested]:
        """The requests to a budget, in the order in which it reads them."""
        partition = partition_of(f"{PROGRAM}|budget:{budget}", PARTITIONS)
        return [line for line in self.lines(partition) if isinstance(line, BudgetRequested) and line.budget == budget]

    def unspent(self, budget: str = "total") -> int:
        """What partitions were lent of a budget and have not used."""
        return sum(one.available for one in self.tranches()[budget].values())

    def levels(self) -> list[int]:
        """The percentages that budgets reported, in order."""
        lines = [line for number in range(PARTITIONS) for line in self.lines(number)]
        return [line.percent for line in lines if isinstance(line, BudgetReached)]

    def recalls(self) -> list[BudgetRecalled]:
        """All recalls of tranches."""
        return [line for number in range(PARTITIONS) for line in self.lines(number) if isinstance(line, BudgetRecalled)]


def _with_budgets(program: Program, total: int, of_rule: int | None) -> Program:
    budget = Budget(total=of_rule, currency=UNIT) if of_rule else None
    rules = tuple(_with_budget(rule, budget) if rule.id == RULE else rule for rule in program.rewards)
    return replace(program, rewards=rules, caps=Caps(budget=Budget(total=total, currency=UNIT)))


def _with_budget(rule: Reward, budget: Budget | None) -> Reward:
    return replace(rule, budget=budget)


def _partitions(topic: Topic) -> int:
    return topic.partitions or PARTITIONS
