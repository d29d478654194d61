"""From conversions to rewards and wallets: both folds and the API, on a real Kafka and Redis."""

from collections.abc import Iterator

import httpx
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.ids import reward_id
from referral.fold.lag import FOLDS, lag_by_fold
from referral.log.connection import create_consumer
from referral.redis_client import RedisClient
from referral.topics import CATALOG, CONVERSIONS, REWARDS, Topic
from tests.support.builders.participants import AMY, person, person_id
from tests.support.builders.reward_dispatcher import (
    FIRST20,
    GUIDE,
    friend_conversion,
    friend_reversal,
    grant,
    reward_terms,
)
from tests.support.log_reader import read_lines
from tests.support.processes import run_module
from tests.support.records import erase_person
from tests.support.redis_servers import empty, matching_keys, on_both_kinds_of_redis
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
        run_module(system.environ, "reward_dispatcher", "fold", "pools"),
    ):
        yield system


def _reward(system: RewardDispatcher, person: str, **wanted: object) -> dict[str, object] | None:
    """Returns the person's first reward with these fields."""
    for reward in system.wallet(person):
        if all(reward[name] == value for name, value in wanted.items()):
            return reward
    return None


@on_both_kinds_of_redis
def test_both_sides_are_rewarded_and_an_unfollow_revokes_the_rewards(
    system: RewardDispatcher, redis: RedisClient
) -> None:
    """The friend gets a code; the referrer a guide, and a bonus for three friends, which is lost with the third.

    After a flush of Redis, the folds rebuild the same state, byte for byte.
    """
    system.write_conversions(friend_conversion(number) for number in (1, 2, 3))
    guide = wait_until(lambda: _reward(system, "xhs:amy", rule="guide", status="fulfilled"))
    wait_until(lambda: _reward(system, "xhs:amy", rule="bonus3", status="fulfilled"))
    code = wait_until(lambda: _reward(system, "xhs:friend1", rule="first20", status="fulfilled"))
    assert code["id"] == reward_id("prg_glow", "first20", person_id("xhs:friend1"), "cnv_1")
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
    empty(redis)
    wait_until(lambda: _states(redis) == before)


def test_an_erased_person_keeps_their_rewards_and_no_answer_names_them(
    system: RewardDispatcher, redis: RedisClient
) -> None:
    """Figures stay the same, and a refold after the erasure gives the same state; only `people` ever knew the platform's id."""
    system.apply(person("xhs:friend1"))
    system.write_conversions([friend_conversion(1)])
    code = wait_until(lambda: _reward(system, "xhs:friend1", rule="first20", status="fulfilled"))
    guide = wait_until(lambda: _reward(system, "xhs:amy", rule="guide", status="fulfilled"))
    assert (code["external_id"], guide["external_id"]) == ("xhs:friend1", "xhs:amy")
    wait_until(lambda: not any(_lag(system, redis).values()))
    before, figures = _states(redis), system.summary()
    assert b"xhs:" not in repr(before).encode()
    assert not any(b"xhs:" in line for topic in (CATALOG, CONVERSIONS, REWARDS) for line in _lines(system, topic))

    for id in (AMY.id, person_id("xhs:friend1")):
        erase_person(system.settings, id)
        wait_until(lambda id=id: [one["external_id"] for one in system.wallet(id)] == [None])
    shown = system.client.get(f"/v1/rewards/{code['id']}").json()
    assert shown == {**code, "external_id": None}
    assert system.wallet("xhs:friend1") == [], "who comes back is a new person"
    empty(redis)
    wait_until(lambda: _states(redis) == before)
    assert system.summary() == figures


def _lines(system: RewardDispatcher, topic: Topic) -> list[bytes]:
    return [line for _, line in read_lines(system.settings, topic)]


def _lag(system: RewardDispatcher, redis: RedisClient) -> dict[str, int]:
    """Returns how many records the two folds have not folded yet."""
    client = create_consumer(system.settings)
    try:
        return lag_by_fold(system.settings, client, redis, [fold for fold in FOLDS if fold.service == "rd"])
    finally:
        client.close()


def _states(redis: RedisClient) -> dict[bytes, object]:
    """Returns all state of the folds except their fences, which depend on the order of writing."""
    found: dict[bytes, object] = {}
    for key in [key for key in matching_keys(redis, "rd:{*") if not key.endswith(b"fence")]:
        found[key] = redis.zrange(key, 0, -1, withscores=True) if redis.type(key) == b"zset" else redis.get(key)
    return found


def test_an_empty_pool_holds_rewards_until_codes_arrive_and_issues_each_once(system: RewardDispatcher) -> None:
    """A code that is uploaded again is issued once."""
    rule = replace(FIRST20, pool="vip", expires_days=None)
    system.apply(replace(reward_terms(rule, version=2), recorded_at=AMY.recorded_at))
    system.write_rewards(grant(f"rwd_{n}", pool="vip", beneficiary=person_id(f"xhs:friend{n}")) for n in range(4))
    for number in range(4):
        wait_until(lambda number=number: _reward(system, f"xhs:friend{number}", status="held", waits_for="pool_empty"))
    put = "/v1/programs/prg_glow/pools/vip/codes"
    first = system.client.put(put, json={"codes": ["\ufeffAAA", '"BBB"\n', ""]})
    assert first.json() == {"accepted": 2, "duplicates": 0, "refused": 0, "lines": [], "total": 2, "left": 0}
    second = system.client.put(put, json={"codes": ["BBB", "CCC"]})
    assert (second.json()["accepted"], second.json()["duplicates"], second.json()["total"]) == (1, 1, 3)
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
            grant(f"rwd_{next(numbers)}", beneficiary=person_id("xhs:friend1")),
            kind="guide",
            rule="guide",
            pool=rule.pool,
        )
        system.write_rewards([one])
        return _reward(system, "xhs:friend1", status="held", waits_for="file_missing", download=None)

    wait_until(hold_one, every=0.3)
    ((code, detail),) = [(one["code"], one["detail"]) for one in system.summary()["problems"]]  # type: ignore[attr-defined]
    assert code == "guide_missing"
    assert "misspelt.pdf in the folder prg_glow" in detail


def _codes(system: RewardDispatcher, count: int) -> list[object] | None:
    codes = [reward["code"] for number in range(4) for reward in system.wallet(f"xhs:friend{number}") if reward["code"]]
    return codes if len(codes) == count else None
