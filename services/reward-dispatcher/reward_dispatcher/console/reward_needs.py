"""What waits for an operator in this service: rewards, low pools, budgets, webhooks that do not answer, guessed codes,
and people who ask for a link to their wallet."""

import time
from collections.abc import Iterator, Mapping
from itertools import islice

from referral.console.guard import Visit
from referral.console.home_part import MAX_SUMMED, BudgetLevel, Movement, Need, NeedKind
from referral.console.person import story_path
from referral.events.money import Value
from referral.events.rewards import LifeState
from referral.events.timestamps import DAY_MS, to_datetime
from referral.http.context import context
from referral.people.known_people import known_people
from reward_dispatcher.console.webhook_views import WEBHOOKS, webhook_healths
from reward_dispatcher.domain.balance import total_values
from reward_dispatcher.domain.given_rewards import given_within
from reward_dispatcher.guessed_codes import Guesser
from reward_dispatcher.http_api.budgets import budget_responses
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.pools_response import pool_levels
from reward_dispatcher.link_requests import MOST
from reward_dispatcher.pages.budgets_page import NEARLY_SPENT, spent_percent

_MOST_ROWS = 5  # of one kind
_TASKS: Mapping[LifeState, NeedKind] = {
    "manual": "manual",
    "operator": "operator",
    "pool_empty": "pool_empty",
    "file_missing": "file_missing",
    "clawed_back": "clawed_back",
}


def reward_needs(visit: Visit, program: str) -> list[Need]:
    """All of them; of pools, budgets, webhooks, callers and people five each, by name.

    They are the pools with the fewest codes, the latest callers, and the people who have waited longest.
    """
    return [
        *_task_needs(program),
        *_pool_needs(program),
        *islice(_budget_needs(program), _MOST_ROWS),
        *islice(_webhook_needs(program), _MOST_ROWS),
        *islice(_guessing_needs(visit, program), _MOST_ROWS),
        *(islice(_link_needs(program), _MOST_ROWS) if visit.may("open_wallets") else ()),
    ]


def given_rewards(program: str) -> Movement:
    """The rewards of the last 24 hours, by the hour, compared with those of the 24 hours before."""
    now_ms, parts = context().clock.now_ms(), dependencies().store.given(program)
    today, before = (
        given_within(parts, now_ms - DAY_MS, now_ms),
        given_within(parts, now_ms - 2 * DAY_MS, now_ms - DAY_MS),
    )
    worth = tuple(Value(amount, unit) for unit, amount in sorted(today.worth.items()))
    return Movement("rewards", today.number, today.number - before.number, worth=worth)


def budget_levels(program: str) -> tuple[BudgetLevel, ...]:
    """What is left of the program's budgets, the program's own first; at most five."""
    return tuple(
        BudgetLevel(one.id, one.currency, one.total, one.spent, one.held, one.free)
        for one in budget_responses(program)[:_MOST_ROWS]
    )


def _task_needs(program: str) -> Iterator[Need]:
    counts = dependencies().store.task_counts(program, tuple(_TASKS))
    for state, kind in _TASKS.items():
        oldest = counts[state].oldest_ms
        since = None if oldest is None else to_datetime(round(oldest))
        worth = _worth(program, state) if counts[state].number else ()
        yield Need(kind, counts[state].number, since, f"/console/rewards?state={state}", worth=worth)


def _worth(program: str, state: LifeState) -> tuple[Value, ...]:
    tasks, _ = dependencies().store.tasks(program, [state], None, MAX_SUMMED)
    return total_values(dependencies().store.accounts([one.reward for one in tasks]))


def _pool_needs(program: str) -> list[Need]:
    low = [one for one in pool_levels(context().catalog, dependencies().pools, program) if one.low]
    low.sort(key=lambda one: one.left)
    return [Need("pool_low", 1, None, "/console/rewards/pools", one.pool, one.left) for one in low[:_MOST_ROWS]]


def _budget_needs(program: str) -> Iterator[Need]:
    for one in budget_responses(program):
        path = "/console/rewards/budgets"
        if one.stopped.count:
            worth = (Value(one.stopped.amount, one.currency),)
            yield Need("budget_stopped", one.stopped.count, None, path, one.id, worth=worth)
        elif one.total and spent_percent(one) >= NEARLY_SPENT:
            yield Need("budget_spent", 1, None, path, one.id, spent_percent(one))


def _webhook_needs(program: str) -> Iterator[Need]:
    """Webhooks that fail, with since when, or that were disabled because of that."""
    for one in webhook_healths(program):
        path = f"{WEBHOOKS}/{one.id}"
        if not one.enabled and one.disabled_reason != "operator":
            yield Need("webhook_disabled", 1, one.failing_since or one.disabled_at, path, one.url)
        elif one.enabled and one.failing_since is not None:
            yield Need("webhook_failing", 1, one.failing_since, path, one.url, one.waiting)


def _guessing_needs(visit: Visit, program: str) -> Iterator[Need]:
    """Keys and operators whose codes were refused within the last day: someone guesses."""
    for one in dependencies().guessed.callers(round(time.time() * 1000)):
        name = _caller_name(one, program)
        if name is not None:
            path = "/console/settings" if visit.may("manage_keys") else "/console/rewards"
            yield Need("codes_guessed", 1, to_datetime(one.at_ms), path, name)


def _link_needs(program: str) -> Iterator[Need]:
    """People who wait for a new link, the longest first; who was erased meanwhile waits no longer."""
    requests = dependencies().link_requests
    asking = requests.oldest(program, context().clock.now_ms(), MOST)
    known = known_people((one.person for one in asking), context().people.snapshot())
    for one in asking:
        who = known[one.person]
        if who is None:
            requests.answer(program, one.person)
        else:
            name = who.display_name or who.external_id
            yield Need("link_asked", 1, to_datetime(one.at_ms), story_path(one.person), name)


def _caller_name(guesser: Guesser, program: str) -> str | None:
    """The name of a key, or the id of an operator, who may use codes of the program; None for others."""
    catalog = context().catalog
    operator = catalog.operator(guesser.caller)
    if operator is not None:
        return operator.id if not operator.programs or program in operator.programs else None
    key = next((one for one in catalog.api_keys() if one.id == guesser.caller), None)
    return key.name if key is not None and (not key.programs or program in key.programs) else None
