"""`referral rewards reconcile` on a real Kafka and Redis: equal while the system runs, and what was changed by hand is named."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from referral.config import Settings
from referral.events.entities import ProgramVersion
from referral.events.keys import beneficiary_key
from referral.events.money import Value
from referral.events.reward_rules import Budget, Caps, Reward
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of
from referral_tools.cli import main
from reward_dispatcher.domain.account import Account
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State
from tests.support.builders.participants import AMY, PROFILES, PROGRAM, person_id
from tests.support.builders.reward_dispatcher import FIRST20, credit, grant, revocation, reward_terms
from tests.support.processes import run_module
from tests.support.settings import API_SECRET
from tests.support.systems.reward_dispatcher import MODULE, RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
CREDIT = Reward(id="credit", to="referee", on="conversion.cleared", kind="credit", worth="¥5")


def _terms() -> ProgramVersion:
    terms = reward_terms(CREDIT, replace(FIRST20, pool="vip", expires_days=None))
    caps = Caps(budget=Budget(total=100, currency="CNY"))
    return replace(terms, recorded_at=AMY.recorded_at, program=replace(terms.program, caps=caps))


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """A budget of ¥100, a pool of 50 codes, and both folds."""
    with ExitStack() as stack:
        system = stack.enter_context(serve_reward_dispatcher(settings, environ, _terms(), AMY, PROFILES[0]))
        for fold in ("ledger", "pools"):
            stack.enter_context(run_module(system.environ, MODULE, "fold", fold))
        codes = [f"GLOW-{number}" for number in range(50)]
        path = f"/v1/programs/{PROGRAM}/pools/vip/codes"
        wait_until(lambda: system.client.put(path, json={"codes": codes}).is_success)
        yield system


def _grants(start: int, count: int) -> list[msgspec.Struct]:
    """Credits of ¥5 and codes of the pool; each credit costs the budget ¥4."""
    lines: list[msgspec.Struct] = []
    for number in range(start, start + count):
        owner = person_id(f"xhs:friend{number % 7}")
        paid = replace(credit(f"rwd_c{number}", 500), cost=Value(400, "CNY"), budgets=("total",))
        lines += [replace(paid, beneficiary=owner), grant(f"rwd_p{number}", pool="vip", beneficiary=owner)]
    return lines


def _run(system: RewardDispatcher, *words: str) -> Result:
    environ = {**system.environ, "REFERRAL_URL": str(system.client.base_url), "REFERRAL_KEY": API_SECRET}
    return CliRunner().invoke(main, ["rewards", "reconcile", *words], env=environ)


def _use(system: RewardDispatcher, number: int) -> int:
    body = {"reward_id": f"rwd_c{number}", "order_id": f"order-{number}", "amount": 150}
    return system.client.post("/v1/redemptions", json=body).status_code


def _stored_account(system: RewardDispatcher, redis: RedisClient, reward: str, owner: str) -> tuple[str, Account]:
    partition = partition_of(beneficiary_key(PROGRAM, owner), system.settings.partitions)
    key = state_key(state_keys.SERVICE, state_keys.LEDGER, partition, state_keys.account(reward))
    account = msgspec.msgpack.decode(redis.get(key), type=State)  # type: ignore[arg-type] # bytes
    assert isinstance(account, Account)
    return key, account


def test_a_campaign_is_equal_while_it_runs_and_what_is_changed_by_hand_is_named(
    system: RewardDispatcher, redis: RedisClient
) -> None:
    """A budget that ends and a pool that runs dry; then an amount is changed, an account removed, and a list changed."""
    system.write_rewards(_grants(0, 20))
    wait_until(lambda: _use(system, 0) == 201)
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(lambda: [system.write_rewards(_grants(start, 10)) for start in range(20, 60, 10)])
        using = pool.submit(lambda: [_use(system, number) for number in range(1, 15)])
        during = _run(system, PROGRAM)
        assert using.result() == [201] * 14
        writing.result()
    assert during.exit_code == 0, during.output
    taken_back = [("rwd_c0", "xhs:friend0"), ("rwd_c16", "xhs:friend2"), ("rwd_p3", "xhs:friend3")]
    system.write_rewards(revocation(reward, beneficiary=person_id(owner)) for reward, owner in taken_back)
    budget_path = f"/v1/programs/{PROGRAM}/budgets"
    # 25 credits have their cost, one of them used and taken back; what another gave back went to the next.
    wait_until(lambda: system.client.get(budget_path).json()["items"][0]["stopped"]["count"] == 60 - 25 - 1)
    equal = _run(system, "--all", "--format", "json")
    assert equal.exit_code == 0, equal.output
    found = json.loads(equal.output)
    [program] = found["programs"]
    [money, whole] = program["units"]
    assert (money["unit"], money["log"], money["system"]) == ("CNY", *[money["log"]] * 2)
    parts = ("held", "free", "used", "expired", "clawed_back")
    for unit in (money, whole):
        assert unit["log"]["granted"] == sum(unit["log"][part] for part in parts)
    assert (money["log"]["granted"], money["log"]["used"], money["log"]["owed"]) == (60 * 500, 15 * 150, 0)
    assert money["log"]["clawed_back"] == 500 + 500, "the debt was paid by another credit of the same person"
    [budget] = program["budgets"]
    assert (budget["total"], budget["spent"] + budget["held"]) == (10_000, 10_000)
    assert budget["stopped"] == 60 - 25 - 1, (
        "25 credits have their cost, one of which was used; one that was free gave it on"
    )
    [codes] = program["pools"]
    assert codes["uploaded"] == 50 == codes["free"] + codes["reserved"] + codes["given"] + codes["void"]

    key, account = _stored_account(system, redis, "rwd_c1", person_id("xhs:friend1"))
    original = redis.get(key)
    redis.set(key, msgspec.msgpack.encode(replace(account, absorbed=100)))
    wrong = _run(system, PROGRAM)
    assert wrong.exit_code == 1
    assert "reward rwd_c1 (rule credit" in wrong.output
    assert "free is 250 in Redis, 350 by the log; used is 250 in Redis, 150 by the log" in wrong.output
    assert "docs/runbooks/reconciliation.md" in wrong.output
    redis.set(key, original)  # type: ignore[arg-type] # bytes

    redis.delete(key)
    assert "it was granted on the log, but Redis does not have it" in _run(system, PROGRAM).output
    redis.set(key, original)  # type: ignore[arg-type] # bytes

    status = state_keys.status_entry(account)
    listed = key.replace(state_keys.account("rwd_c1"), status.sorted_set)
    redis.zrem(listed, status.member)
    miscounted = json.loads(_run(system, PROGRAM, "--format", "json").stdout)["programs"][0]["differences"]
    assert [one["what"].partition(" (")[0] for one in miscounted] == ["reward rwd_c1", "rule credit: rewards usable"]
    redis.zadd(listed, {status.member: state_keys.status_rank(account)})
    assert _run(system, PROGRAM).exit_code == 0


def test_a_program_or_all_must_be_named(environ: dict[str, str]) -> None:
    """And both is a mistake, too."""
    for words in ((), (PROGRAM, "--all")):
        found = CliRunner().invoke(main, ["rewards", "reconcile", *words, "--key", "x"], env=environ)
        assert (found.exit_code, "name a program" in found.output) == (2, True), found.output
