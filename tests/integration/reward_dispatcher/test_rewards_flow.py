"""From conversions to rewards and wallets: both folds and the API, on a real Kafka and Redis."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from msgspec.structs import replace
from redis import Redis

from referral.config import Settings
from referral.events.ids import reward_id
from referral.fold.lag import FOLDS, lag_by_fold
from referral.log.connection import create_consumer
from tests.support.builders.participants import AMY
from tests.support.builders.reward_dispatcher import (
    FIRST20,
    GUIDE,
    friend_conversion,
    friend_reversal,
    grant,
    reward_terms,
)
from tests.support.processes import run_module
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """The service without its delivery worker. In program version 2, codes come from an uploaded pool."""
    with (
        serve_reward_dispatcher(settings, environ) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "decide"),
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        yield system


def _reward(system: RewardDispatcher, person: str, **wanted: object) -> dict[str, object] | None:
    """Returns the person's first reward with these fields."""
    for reward in system.wallet(person):
        if all(reward[name] == value for name, value in wanted.items()):
            return reward
    return None


def test_both_sides_are_rewarded_and_an_unfollow_revokes_the_rewards(system: RewardDispatcher, redis: "Redis") -> None:
    """The friend gets a code; the referrer a guide, and a bonus for three friends, which is lost with the third.

    After a flush of Redis, the folds rebuild the same state, byte for byte.
    """
    system.write_conversions(friend_conversion(number) for number in (1, 2, 3))
    guide = wait_until(lambda: _reward(system, "xhs:amy", rule="guide", status="fulfilled"))
    wait_until(lambda: _reward(system, "xhs:amy", rule="bonus3", status="fulfilled"))
    code = wait_until(lambda: _reward(system, "xhs:friend1", rule="first20", status="fulfilled"))
    assert code["id"] == reward_id("prg_glow", "first20", "xhs:friend1", "cnv_1")
    validity = system.client.get(f"/v1/codes/{str(code['code']).lower()}").json()
    assert (validity["valid"], validity["reward_id"]) == (True, code["id"])

    download = httpx.get(str(guide["download"]))
    assert (download.status_code, download.headers["content-type"]) == (200, "application/pdf")
    assert "skincare-secrets.pdf" in download.headers["content-disposition"]
    assert download.content.startswith(b"%PDF")

    system.write_conversions([friend_reversal(3)])
    wait_until(lambda: _reward(system, "xhs:amy", rule="bonus3", status="revoked", revoked_for="milestone_lost"))
    wait_until(lambda: _reward(system, "xhs:friend3", status="revoked", revoked_for="unfollowed"))
    figures = system.summary()
    assert (figures["standing"], figures["redeemed"]) == (3, 0)

    wait_until(lambda: not any(_lag(system, redis).values()))
    before = _states(redis)
    redis.flushdb()
    wait_until(lambda: _states(redis) == before)


def _lag(system: RewardDispatcher, redis: "Redis") -> dict[str, int]:
    """Returns how many records the two folds have not folded yet."""
    client = create_consumer(system.settings)
    try:
        return lag_by_fold(system.settings, client, redis, [fold for fold in FOLDS if fold.service == "rd"])
    finally:
        client.close()


def _states(redis: "Redis") -> dict[bytes, object]:
    """Returns all state of the folds except their fences, which depend on the order of writing."""
    found: dict[bytes, object] = {}
    for key in [key for key in redis.scan_iter("rd:{*") if not key.endswith(b"fence")]:
        found[key] = redis.zrange(key, 0, -1, withscores=True) if redis.type(key) == b"zset" else redis.get(key)
    return found


def test_an_empty_pool_holds_rewards_until_codes_arrive_and_issues_each_once(system: RewardDispatcher) -> None:
    """A code that is uploaded again is issued once."""
    rule = replace(FIRST20, pool="vip", expires_days=None)
    system.apply(replace(reward_terms(rule, version=2), recorded_at=AMY.recorded_at))
    system.write_rewards(grant(f"rwd_{n}", pool="vip", beneficiary=f"xhs:friend{n}") for n in range(4))
    for number in range(4):
        wait_until(lambda number=number: _reward(system, f"xhs:friend{number}", status="held", waits_for="pool_empty"))
    put = "/v1/programs/prg_glow/pools/vip/codes"
    first = system.client.put(put, json={"codes": ["\ufeffAAA", '"BBB"\n', ""]})
    assert first.json() == {"accepted": 2, "duplicates": 0, "total": 2}
    second = system.client.put(put, json={"codes": ["BBB", "CCC"]})
    assert second.json() == {"accepted": 1, "duplicates": 1, "total": 3}
    wait_until(lambda: system.summary()["pools"] == {"vip": {"left": 0, "waiting": 1}})
    codes = wait_until(lambda: _codes(system, 3))
    assert sorted(codes) == ["AAA", "BBB", "CCC"]


def test_a_guide_whose_file_is_missing_is_held_and_the_summary_names_it(system: RewardDispatcher) -> None:
    """The service lists the files of the program; from then on the ledger hands out none that is missing."""
    rule = replace(GUIDE, pool="misspelt.pdf")
    system.apply(replace(reward_terms(rule, version=2), recorded_at=AMY.recorded_at))
    numbers = iter(range(1000))

    def hold_one() -> dict[str, object] | None:
        one = replace(
            grant(f"rwd_{next(numbers)}", beneficiary="xhs:friend1"), kind="guide", rule="guide", pool=rule.pool
        )
        system.write_rewards([one])
        return _reward(system, "xhs:friend1", status="held", waits_for="file_missing", download=None)

    wait_until(hold_one, every=0.3)
    ((code, detail),) = [(one["code"], one["detail"]) for one in system.summary()["problems"]]  # type: ignore[attr-defined]
    assert code == "guide_missing"
    assert "misspelt.pdf in the folder prg_glow" in detail


def test_an_upload_with_a_bad_line_or_a_code_of_another_pool_adds_nothing(system: RewardDispatcher) -> None:
    """The answer names the lines, and the pool that has the code."""
    put = "/v1/programs/prg_glow/pools/{}/codes".format
    assert system.client.put(put("spring"), json={"codes": ["ONE-1"]}).status_code == 200
    for codes, place, seen in (
        (["code", "TWO-2"], "/codes/0", "line 1 looks like a header"),
        (["TWO-2", "x,y"], "/codes/1", "line 2 contains a separator"),
        (["TWO-2", "THREE-3", "two-2"], "/codes/2", "line 3 is the code of line 1 again"),
        (["TWO-2", "one-1"], "/codes/1", "line 2 is in pool spring already"),
    ):
        answer = system.client.put(put("summer"), json={"codes": codes})
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "invalid_codes"), codes
        (error,) = problem["errors"]
        assert error["pointer"] == place
        assert error["detail"].startswith(seen)
    again = system.client.put(put("summer"), json={"codes": ["TWO-2"]})
    added = again.json()
    assert "no rule names a pool of codes" in added.pop("warning")
    assert added == {"accepted": 1, "duplicates": 0, "total": 1}
    for name in ("généré", "a b", "-x", "x" * 129, "generated"):
        assert system.client.put(put(name), json={"codes": ["A1"]}).status_code == 422, name


def test_of_concurrent_uploads_to_many_pools_one_gets_the_code(system: RewardDispatcher) -> None:
    """The others are refused, whatever the order of arrival."""

    def upload(number: int) -> int:
        codes = [f"OWN-{number}", "SHARED-1"]
        return system.client.put(f"/v1/programs/prg_glow/pools/p{number}/codes", json={"codes": codes}).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(upload, range(8)))
    assert sorted(statuses) == [200] + [422] * 7


def _codes(system: RewardDispatcher, count: int) -> list[object] | None:
    codes = [reward["code"] for number in range(4) for reward in system.wallet(f"xhs:friend{number}") if reward["code"]]
    return codes if len(codes) == count else None
