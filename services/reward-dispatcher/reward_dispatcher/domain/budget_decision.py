"""What a line changes in a budget and its queue, and the lines that it leads to.

A line only reads places that it names, so that its decision is the same however lines are cut into batches: requests are appended,
and the queue is served by lines of the budget's own (`BudgetContinued`), each of which names the places that it goes on with.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict, assert_never

from msgspec.structs import replace

from referral.events.budgets import (
    BUDGET_LEVELS,
    BudgetAllotted,
    BudgetContinued,
    BudgetReached,
    BudgetRecalled,
    BudgetReleaseRequested,
    BudgetRequested,
    BudgetReturned,
)
from reward_dispatcher.domain.budget import (
    LOOKED_AT,
    BudgetAccount,
    Channel,
    QueuePlace,
    WaitingCharge,
    level_of,
    tranche_size,
)

BudgetInput = BudgetRequested | BudgetReturned | BudgetReleaseRequested | BudgetContinued
BudgetOutput = BudgetAllotted | BudgetRecalled | BudgetContinued | BudgetReached
Request = tuple[int, int]  # its partition and number


class _BudgetHeader(TypedDict):
    occurred_at: datetime
    program: str
    budget: str
    unit: str


class BudgetDecision:
    """One line's decision: filled by `apply`, then read.

    `entries` are the places of the queue that change, by number, and `places` those of requests (None: removed); `lines` the output
    lines in order.
    """

    def __init__(self, account: BudgetAccount, queue: Mapping[int, WaitingCharge], at: datetime) -> None:
        self.account = account
        self.entries: dict[int, WaitingCharge | None] = {}
        self.places: dict[Request, QueuePlace | None] = {}
        self.lines: list[BudgetOutput] = []
        self._queue = dict(queue)
        self._at = at
        self._has_stopped = False

    def apply(self, line: BudgetInput, limit: int, place: QueuePlace | None = None) -> None:
        """Applies a line. `limit` is the budget's total now; `place` that of the request that the line withdraws."""
        self._set_limit(limit)
        match line:
            case BudgetRequested():
                self._request(line)
            case BudgetReturned():
                if self._receive(line):
                    self._take_back(line.partition, line.amount, line.seen if line.tranche else None)
                    if place is not None:
                        self._continue(place.number, (line.partition, line.withdrawn))
                    self._look()
            case BudgetReleaseRequested():
                self._look()
            case BudgetContinued():
                self._go_on(line, place)
            case _:
                assert_never(line)
        self._report()

    def _set_limit(self, limit: int) -> None:
        """A changed total: which rewards cost more than it is not known any more."""
        account = self.account
        if limit != account.limit:
            level = min(account.level, level_of(account.lent, limit) or 0)
            self.account = replace(account, limit=limit, level=level, changes=account.changes + 1, oversized=0)

    def _receive(self, line: BudgetRequested | BudgetReturned) -> bool:
        """Whether the line is new; it is received from now on."""
        channel = self._channel(line.partition)
        if line.number <= channel.received:
            return False
        self._set_channel(line.partition, replace(channel, received=line.number))
        return True

    def _take_back(self, partition: int, amount: int, seen: int | None) -> None:
        """An amount comes back; with `seen`, it is the rest of the tranche that was lent by then."""
        self.account = replace(self.account, lent=self.account.lent - amount)
        if seen is not None:
            channel = self._channel(partition)
            tranche = 0 if seen >= channel.tranche else channel.tranche
            self._set_channel(partition, replace(channel, tranche=tranche, recalled=False))

    def _request(self, line: BudgetRequested) -> None:
        """Allots at once if no one waits and the budget has enough; otherwise the reward waits behind all others."""
        if not self._receive(line):
            return
        self._take_back(line.partition, line.returned, line.seen if line.tranche else None)
        account = self.account
        entry = WaitingCharge(
            number=account.next,
            reward=line.id,
            beneficiary=line.beneficiary,
            amount=line.amount,
            partition=line.partition,
            request=line.number,
            tranche=line.tranche,
            asked_ms=account.as_of_ms,
        )
        if not account.has_queue and entry.amount <= account.left:
            self._allot(entry)
            return
        self._join(entry)
        if account.has_queue and line.returned:
            self._look()
        elif not account.has_queue and entry.amount <= account.limit:
            self._stop()

    def _look(self) -> None:
        """Goes on with the queue, unless a line of the budget's own will do so already."""
        if self.account.has_queue and not self.account.continuing:
            self.account = replace(self.account, continuing=True)
            self._continue(self.account.head)

    def _go_on(self, line: BudgetContinued, place: QueuePlace | None) -> None:
        """Serves the places that the line names, or takes out one. A line that is repeated names places that are gone."""
        if line.request:
            self._withdraw(line, place)
        elif self.account.continuing and line.first == self.account.head:
            self.account = replace(self.account, continuing=False)
            self._serve(line.first, line.count)

    def _serve(self, first: int, count: int) -> None:
        """Allots, the oldest first, until the budget has too little for the next."""
        for number in range(first, min(first + count, self.account.next)):
            entry = self._queue[number]
            if entry.withdrawn:
                self._remove(entry)
            elif entry.amount > self.account.limit:
                self._pass_over(entry)
            elif entry.amount > self.account.left:
                self._stop()
                return
            else:
                self._remove(entry)
                self._leave(entry)
                self._allot(entry)
        self._look()

    def _stop(self) -> None:
        """The budget has too little for the oldest: what other partitions do not need may be enough."""
        self._has_stopped = True
        self._recall()

    def _pass_over(self, entry: WaitingCharge) -> None:
        """A reward that costs more than the whole budget stops no other: it goes behind all that wait."""
        self._remove(entry)
        self._append(entry)

    def _append(self, entry: WaitingCharge) -> None:
        account = self.account
        is_new = entry.amount > account.limit and entry.oversized != account.changes
        changes = account.changes if entry.amount > account.limit else -1
        self._set(replace(entry, number=account.next, oversized=changes))
        self.account = replace(account, next=account.next + 1, oversized=account.oversized + is_new)

    def _withdraw(self, line: BudgetContinued, place: QueuePlace | None) -> None:
        """The reward of a request no longer waits. If it went to another place in the meantime, it is taken out there."""
        if place is None:
            return
        request = (line.partition, line.request)
        if place.number != line.first:
            self._continue(place.number, request)
            return
        entry = self._queue[place.number]
        self.entries[entry.number] = self._queue[entry.number] = replace(entry, withdrawn=True)
        self.places[request] = None
        self._leave(entry)
        self._look()

    def _allot(self, entry: WaitingCharge) -> None:
        account, channel = self.account, self._channel(entry.partition)
        can_lend = entry.tranche and not account.has_queue
        tranche = tranche_size(account.left - entry.amount, entry.amount) if can_lend else 0
        number = channel.sent + 1
        lender = replace(channel, sent=number, tranche=number if tranche else channel.tranche)
        self.account = replace(account, lent=account.lent + entry.amount + tranche)
        self._set_channel(entry.partition, lender)
        self.lines.append(
            BudgetAllotted(
                **self._header(),
                partition=entry.partition,
                number=number,
                id=entry.reward,
                beneficiary=entry.beneficiary,
                request=entry.request,
                amount=entry.amount,
                limit=account.limit,
                tranche=tranche,
            )
        )

    def _recall(self) -> None:
        """Recalls every tranche that may be unspent, once."""
        for partition, channel in self.account.partitions.items():
            if channel.tranche and not channel.recalled:
                recalled = replace(channel, sent=channel.sent + 1, recalled=True)
                self._set_channel(partition, recalled)
                self.lines.append(BudgetRecalled(**self._header(), partition=partition, number=recalled.sent))

    def _continue(self, first: int, request: Request | None = None) -> None:
        if request is None:
            self.lines.append(BudgetContinued(**self._header(), first=first, count=LOOKED_AT))
        else:
            partition, number = request
            self.lines.append(
                BudgetContinued(**self._header(), first=first, count=1, partition=partition, request=number)
            )

    def _report(self) -> None:
        """A line for each percentage that is reached for the first time since the total was last changed."""
        account = self.account
        is_lent_out = any(channel.tranche for channel in account.partitions.values())
        level = 100 if self._has_stopped and not is_lent_out else level_of(account.lent, account.limit) or 0
        for percent in BUDGET_LEVELS:
            if account.level < percent <= level:
                reached = BudgetReached(**self._header(), percent=percent, limit=account.limit, lent=account.lent)
                self.lines.append(reached)
        self.account = replace(account, level=max(account.level, level))

    def _join(self, entry: WaitingCharge) -> None:
        """A reward begins to wait, behind all others."""
        waiting, amount = self.account.waiting + 1, self.account.waiting_amount + entry.amount
        self.account = replace(self.account, waiting=waiting, waiting_amount=amount)
        self._append(entry)

    def _leave(self, entry: WaitingCharge) -> None:
        """A reward no longer waits."""
        account = self.account
        self.account = replace(
            account,
            waiting=account.waiting - 1,
            waiting_amount=account.waiting_amount - entry.amount,
            oversized=account.oversized - (entry.oversized == account.changes),
        )

    def _set(self, entry: WaitingCharge) -> None:
        self._queue[entry.number] = self.entries[entry.number] = entry
        self.places[entry.partition, entry.request] = QueuePlace(entry.number)

    def _remove(self, entry: WaitingCharge) -> None:
        """The oldest place is free."""
        del self._queue[entry.number]
        self.entries[entry.number] = None
        self.places[entry.partition, entry.request] = None
        self.account = replace(self.account, head=self.account.head + 1)

    def _header(self) -> _BudgetHeader:
        account = self.account
        return {"occurred_at": self._at, "program": account.program, "budget": account.budget, "unit": account.unit}

    def _channel(self, partition: int) -> Channel:
        return self.account.partitions.get(partition) or Channel()

    def _set_channel(self, partition: int, channel: Channel) -> None:
        self.account = replace(self.account, partitions={**self.account.partitions, partition: channel})
