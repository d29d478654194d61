"""What the home view names of each kind, however many there are that need no one."""

from types import SimpleNamespace
from typing import cast

import pytest

from referral.clock import ManualClock
from referral.console.guard import Visit
from referral.events.timestamps import to_datetime
from referral.people.people_view import people_in_memory
from reward_dispatcher.console import reward_needs as needs_module
from reward_dispatcher.console.reward_needs import reward_needs
from reward_dispatcher.guessed_codes import Guesser
from reward_dispatcher.http_api.budget_responses import BudgetResponse, StoppedSummary
from reward_dispatcher.link_requests import LinkRequest
from reward_dispatcher.store import TaskCount
from tests.support.builders.participants import AMY, PROFILES, PROGRAM

NOW_MS = 1_764_000_000_000
FINE = 20
"""How many healthy ones come before the one that needs someone."""


def budget(number: int, stopped: int) -> BudgetResponse:
    """Returns a budget of which nothing is spent."""
    return BudgetResponse(f"rule{number}", "CNY", 100, 0, 0, 100, StoppedSummary(stopped, stopped))


def webhook(number: int, *, fails: bool) -> SimpleNamespace:
    """Returns what the home view reads of a webhook."""
    since = to_datetime(1) if fails else None
    return SimpleNamespace(
        id=f"whk_{number}", url=f"https://{number}.example", enabled=True, failing_since=since, waiting=number
    )


def caller(id: str) -> SimpleNamespace | None:
    """Returns an operator: all but one are of another program."""
    return SimpleNamespace(id=id, programs=(PROGRAM if id == f"opr_{FINE}" else "prg_other",))


def test_the_one_that_needs_someone_is_named_wherever_it_is_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last budget, the last webhook, and the last caller, who is the only one of this program."""
    counts = {
        state: TaskCount(0, None) for state in ("manual", "operator", "pool_empty", "file_missing", "clawed_back")
    }
    asking = [LinkRequest("psn_erased", 1), LinkRequest(AMY.id, 2)]
    answered: list[tuple[str, str]] = []
    guessers = [Guesser(f"opr_{number}", 1) for number in range(FINE + 1)]
    services = SimpleNamespace(
        store=SimpleNamespace(task_counts=lambda program, states: counts),
        guessed=SimpleNamespace(callers=lambda now_ms: guessers),
        pools=None,
        link_requests=SimpleNamespace(
            oldest=lambda program, now_ms, limit: asking, answer=lambda *request: answered.append(request)
        ),
    )
    budgets = [budget(number, stopped=int(number == FINE)) for number in range(FINE + 1)]
    webhooks = [webhook(number, fails=number == FINE) for number in range(FINE + 1)]
    known = SimpleNamespace(
        catalog=SimpleNamespace(operator=caller, api_keys=list),
        people=people_in_memory(PROFILES),
        clock=ManualClock(NOW_MS),
    )
    monkeypatch.setattr(needs_module, "dependencies", lambda: services)
    monkeypatch.setattr(needs_module, "context", lambda: known)
    monkeypatch.setattr(needs_module, "pool_levels", lambda *_: [])
    monkeypatch.setattr(needs_module, "budget_responses", lambda _: budgets)
    monkeypatch.setattr(needs_module, "webhook_healths", lambda _: webhooks)
    expected = {
        "budget_stopped": f"rule{FINE}",
        "webhook_failing": f"https://{FINE}.example",
        "codes_guessed": f"opr_{FINE}",
    }
    for may_open, more in ((False, {}), (True, {"link_asked": "Amy"})):
        visit = cast(
            "Visit", SimpleNamespace(may=lambda permission, may=may_open: may and permission == "open_wallets")
        )
        named = {need.kind: need.name for need in reward_needs(visit, PROGRAM) if need.name}
        assert named == expected | more, "only who may make a link reads who asks for one"
    assert answered == [(PROGRAM, "psn_erased")], "nothing is left of a person who was erased"
