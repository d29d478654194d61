"""The ledger's cases of budgets, in the partition of a budget: what is lent, who waits, and what is reported."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.budgets import BudgetContinued, BudgetEvent, BudgetReached, BudgetReleaseRequested, BudgetReturned
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Measurement, SortedSetMember, Timer
from reward_dispatcher.domain.budget import BudgetAccount, QueuePlace, WaitingCharge
from reward_dispatcher.domain.budget_decision import BudgetDecision, BudgetInput, Request
from reward_dispatcher.domain.budget_limit import limit_at
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import Changes, State, outputs

States = Mapping[Key, State | float | None]


def budget_keys(line: BudgetInput) -> Sequence[Key]:
    """The budget, the places that a line goes on with, and that of a request that is withdrawn."""
    keys = [_account_key(line)]
    if isinstance(line, BudgetContinued):
        keys += [_entry_key(line, number) for number in _numbers(line)]
    if request := _withdrawn(line):
        keys.append(_place_key(line, request))
    return keys


def budget_decision(line: BudgetInput, states: States, catalog: Catalog) -> Decision[State]:
    """What a line to a budget leads to."""
    before = _account(line, states)
    account = replace(before, as_of_ms=max(before.as_of_ms, to_ms(line.occurred_at)))
    decision = BudgetDecision(account, _queue(line, states), line.occurred_at)
    limit = limit_at(catalog.versions(line.program), line.budget, line.unit, account.as_of_ms)
    request = _withdrawn(line)
    place = states[_place_key(line, request)] if request else None
    decision.apply(line, limit, place if isinstance(place, QueuePlace) else None)
    reached = [one for one in decision.lines if isinstance(one, BudgetReached)]
    measurements = [Measurement("budget_levels_reached", (str(one.percent),)) for one in reached]
    return Decision(_changes(line, before, decision), outputs(decision.lines), measurements)


def look_again(tick: ClockTicked, key: str, account: BudgetAccount, catalog: Catalog) -> Decision[State]:
    """At each tick while rewards wait: if the total has changed, a line to the budget itself releases what it can."""
    at_ms = max(account.as_of_ms, to_ms(tick.occurred_at))
    limit = limit_at(catalog.versions(account.program), account.budget, account.unit, at_ms)
    if not account.waiting:
        return Decision()
    again = BudgetReleaseRequested(
        occurred_at=tick.occurred_at, program=account.program, budget=account.budget, unit=account.unit
    )
    return Decision({Timer(key): float(at_ms + 1)}, outputs([again] if limit != account.limit else []))


def _changes(line: BudgetInput, before: BudgetAccount, decision: BudgetDecision) -> Changes:
    account, key = decision.account, _account_key(line)
    changes: Changes = {key: account}
    if bool(before.waiting) != bool(account.waiting):
        changes[Timer(key)] = float(account.as_of_ms + 1) if account.waiting else None
    queue = state_keys.budget_queue(line.program, line.budget, line.unit)
    for number, entry in decision.entries.items():
        changes[_entry_key(line, number)] = entry
        changes[SortedSetMember(queue, str(number))] = None if entry is None or entry.withdrawn else float(number)
    for request, place in decision.places.items():
        changes[_place_key(line, request)] = place
    return changes


def _account(line: BudgetEvent, states: States) -> BudgetAccount:
    account = states[_account_key(line)]
    return account if isinstance(account, BudgetAccount) else BudgetAccount(line.program, line.budget, line.unit)


def _account_key(line: BudgetEvent) -> str:
    return state_keys.budget(line.program, line.budget, line.unit)


def _numbers(line: BudgetContinued) -> range:
    return range(line.first, line.first + line.count)


def _queue(line: BudgetInput, states: States) -> dict[int, WaitingCharge]:
    """The places that a line goes on with."""
    if not isinstance(line, BudgetContinued):
        return {}
    found = {number: states[_entry_key(line, number)] for number in _numbers(line)}
    return {number: entry for number, entry in found.items() if isinstance(entry, WaitingCharge)}


def _withdrawn(line: BudgetInput) -> Request | None:
    """The request that a line withdraws."""
    match line:
        case (
            BudgetReturned(partition=partition, withdrawn=request)
            | BudgetContinued(partition=partition, request=request)
        ):
            return (partition, request) if request else None
        case _:
            return None


def _entry_key(line: BudgetEvent, number: int) -> str:
    return state_keys.queue_entry(line.program, line.budget, line.unit, number)


def _place_key(line: BudgetEvent, request: Request) -> str:
    return state_keys.queue_place(line.program, line.budget, line.unit, *request)
