"""Budgets on a real Kafka and Redis: many clients, a ledger that is killed again and again, and the API."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.config import Settings
from referral.events.entities import RULE_CHANGE_DELAY, ProgramVersion
from referral.events.money import Value
from referral.events.reward_rules import Budget, Caps
from referral.events.rewards import RewardGranted, reward_key
from referral.events.timestamps import to_ms
from referral.fold.failpoints import POINTS
from referral.fold.lag import FOLDS, lag_by_fold
from referral.log.connection import create_consumer
from referral.log.publisher import Publisher
from referral.redis_client import RedisClient
from referral.topics import REWARDS
from reward_dispatcher.budget_levels import read_budget_levels
from reward_dispatcher.budget_store import BudgetStore
from tests.support.builders.participants import AMY, PROFILES, PROGRAM, START, person_id
from tests.support.builders.reward_dispatcher import grant, revocation, reward_terms
from tests.support.processes import run_module
from tests.support.records import patient
from tests.support.redis_servers import empty
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until, wait_until_equal

pytestmark = pytest.mark.integration

CLIENTS = 64
BUSY_S = 300
"""The most that one step takes on a machine whose cores are all busy: each starts a process, which reads the log."""
_encode = msgspec.json.Encoder().encode
BUDGETS = f"/v1/programs/{PROGRAM}/budgets"


def _terms(total: int, version: int = 1, effective_from: datetime = START) -> ProgramVersion:
    terms = reward_terms(version=version, effective_from=effective_from)
    caps = Caps(budget=Budget(total=total, currency="CNY"))
    return replace(terms, recorded_at=AMY.recorded_at, program=replace(terms.program, caps=caps))


def _grant(number: int, cost: int = 100) -> RewardGranted:
    beneficiary = person_id(f"xhs:friend{number % 200}")
    return replace(grant(f"rwd_{number}", beneficiary=beneficiary), cost=Value(cost, "CNY"), budgets=("total",))


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """The HTTP service, with a budget of ¥500; tests run the ledger."""
    with serve_reward_dispatcher(settings, environ, _terms(500), AMY, PROFILES[0]) as system:
        yield system


def _is_idle(system: RewardDispatcher, redis: RedisClient) -> bool:
    client = create_consumer(system.settings)
    try:
        folds = [fold for fold in FOLDS if fold.fold == "ledger"]
        return not any(lag_by_fold(system.settings, client, redis, folds).values())
    finally:
        client.close()


@pytest.mark.timeout(900)
def test_64_clients_and_a_ledger_that_is_killed_never_exceed_a_budget_by_one_unit(
    system: RewardDispatcher, redis: RedisClient
) -> None:
    """1,280 rewards of ¥1 from 64 clients for a budget of ¥500, while ten ledgers die, at each step twice: exactly 500 are granted.

    A larger budget then releases the others, and a flush of Redis changes nothing.
    """
    publisher = Publisher(patient(system.settings))

    def write(number: int) -> None:
        line = _grant(number)
        publisher.publish(REWARDS, [(reward_key(line), _encode(line))])

    deaths = 0
    with ThreadPoolExecutor(CLIENTS) as pool:
        for number, point in enumerate((*POINTS, *POINTS)):
            writing = [pool.submit(write, each) for each in range(number * 128, number * 128 + 128)]
            environ = {**system.environ, "REFERRAL_FAILPOINTS": f"ledger.{point}=kill:0.5"}
            deaths += _dies(
                environ, lambda writing=writing: _is_idle(system, redis) and all(one.done() for one in writing)
            )
            for one in writing:
                one.result()
    publisher.close()
    assert deaths, "no ledger died"
    with run_module(system.environ, "reward_dispatcher", "fold", "ledger"):
        wait_until_equal(lambda: _figures(system), (50_000, 0, 0, 780, 78_000), BUSY_S)
        assert len(_waiting(system, limit=500)) == 780
        system.apply(_terms(2_000, version=2, effective_from=datetime.now(UTC) + RULE_CHANGE_DELAY))
        wait_until(lambda: _asks_for_release(system) and _figures(system)[3:] == (0, 0), BUSY_S, every=1)
        wait_until(lambda: _is_idle(system, redis), BUSY_S, every=0.5)
        after = _figures(system)
        assert (after[0], sum(after[:3])) == (128_000, 200_000)
        empty(redis)
        wait_until(lambda: _is_idle(system, redis), BUSY_S, every=0.5)
        wait_until_equal(lambda: _figures(system), after, BUSY_S)


def test_what_a_budget_stopped_is_listed_oldest_first_and_pages_follow_each_other(
    system: RewardDispatcher, redis: RedisClient
) -> None:
    """With its cost, beneficiary and time; the gauges agree; an unknown budget is a 404 that names those there are."""
    with run_module(system.environ, "reward_dispatcher", "fold", "ledger"):
        system.write_rewards([_grant(0, 50_000)])
        wait_until_equal(lambda: _figures(system), (50_000, 0, 0, 0, 0), BUSY_S)
        for number in range(1, 8):
            system.write_rewards([_grant(number, 100 * number)])
            wait_until(lambda number=number: _figures(system)[3:4] == (number,), BUSY_S)
        system.write_rewards([_grant(8, 60_000)])
        wait_until(lambda: _figures(system)[3:] == (8, 62_800), BUSY_S)
        waiting = _waiting(system, limit=3)
        assert [one["reward_id"] for one in waiting] == [f"rwd_{number}" for number in range(1, 9)]
        assert [one["amount"] for one in waiting] == [*range(100, 800, 100), 60_000]
        assert [one["exceeds_budget"] for one in waiting] == [False] * 7 + [True]
        system.write_rewards([revocation("rwd_0", beneficiary=person_id("xhs:friend0"))])
        wait_until_equal(lambda: _figures(system)[3:], (1, 60_000), BUSY_S)
    assert _levels(system, redis) == {"spent": 2_800, "held": 0, "free": 47_200, "stopped": 60_000, "": 1}
    missing = system.client.get(f"{BUDGETS}/guide/stopped")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_budget")
    assert "It has: total." in missing.json()["detail"]


def _dies(environ: Mapping[str, str], is_done: Callable[[], bool]) -> bool:
    """Runs a ledger until it dies, or everything is folded; returns whether it died."""
    with run_module(environ, "reward_dispatcher", "fold", "ledger") as ledger:
        wait_until(lambda: ledger.poll() is not None or is_done(), BUSY_S, every=0.5)
        return ledger.poll() is not None


def _asks_for_release(system: RewardDispatcher) -> bool:
    """Any number of requests is harmless."""
    return system.client.post(f"{BUDGETS}/total/release").status_code == 202


def _figures(system: RewardDispatcher) -> tuple[int, ...]:
    """Spent, held, free, and how many rewards of what cost are stopped; nothing while Redis does not answer in time."""
    response = system.client.get(BUDGETS)
    if response.status_code == 503:
        return ()
    [one] = response.json()["items"]
    return one["spent"], one["held"], one["free"], one["stopped"]["count"], one["stopped"]["amount"]


def _levels(system: RewardDispatcher, redis: RedisClient) -> dict[str, float]:
    """The gauges of the budget, by part; "" is how many rewards wait."""
    catalog = Catalog()
    catalog.apply(_terms(500))
    store = BudgetStore(redis, system.settings.partitions)
    levels = read_budget_levels(store, catalog, to_ms(datetime.now(UTC)))
    assert {labels[:3] for _, labels in levels} == {(PROGRAM, "total", "CNY")}
    return {"".join(labels[3:]): value for (_, labels), value in levels.items()}


def _waiting(system: RewardDispatcher, limit: int) -> list[dict[str, object]]:
    """All rewards that the budget stopped, page by page."""
    found: list[dict[str, object]] = []
    cursor = None
    while True:
        query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = system.client.get(f"{BUDGETS}/total/stopped", params=query).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
