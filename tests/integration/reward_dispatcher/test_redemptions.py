"""Redemption over HTTP: exactly once, under any concurrency."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.redis_client import RedisClient
from tests.support.builders.participants import AMY, PROGRAM, person, person_id
from tests.support.builders.reward_dispatcher import grant, reward_terms
from tests.support.processes import run_module
from tests.support.redis_servers import matching_keys, on_both_kinds_of_redis
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

REWARDS = 100
CLIENTS = 64


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """A hundred fulfilled rewards."""
    elsewhere = api_key("elsewhere", "admin", programs=("prg_other",))
    with (
        serve_reward_dispatcher(settings, environ, reward_terms(), AMY, elsewhere) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        system.write_rewards(grant(f"rwd_{n}", beneficiary=person_id(f"xhs:friend{n}")) for n in range(REWARDS))
        wait_until(lambda: system.summary()["by_status"]["fulfilled"] == REWARDS)  # type: ignore[index]
        yield system


def _redeem_all(system: RewardDispatcher, client: int) -> list[tuple[str, httpx.Response]]:
    """One client tries every reward, in an order of its own."""
    with httpx.Client(
        base_url=system.client.base_url, headers={"Authorization": f"Bearer {API_SECRET}"}, timeout=150
    ) as mine:
        order = [(number + client * 7) % REWARDS for number in range(REWARDS)]
        return [(f"rwd_{n}", _redeem(mine, f"rwd_{n}", f"order-{client}-{n}", f"key-{client}-{n}")) for n in order]


def _redeem(client: httpx.Client, reward: str, order: str, key: str) -> httpx.Response:
    """Redeems as a shop does: after a 429 or a 503 it sends the request again, with the same key."""
    headers = {"Idempotency-Key": key}
    while True:
        answer = client.post("/v1/redemptions", json={"reward_id": reward, "order_id": order}, headers=headers)
        if answer.status_code not in {429, 503}:
            return answer


def test_of_many_clients_one_redeems_each_reward_and_the_others_learn_the_order(system: RewardDispatcher) -> None:
    """64 clients × 100 rewards: a hundred successes, and 6,300 refusals that name the order that won."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [
            answer for mine in pool.map(lambda client: _redeem_all(system, client), range(CLIENTS)) for answer in mine
        ]
    won = {reward: answer.json()["order_id"] for reward, answer in answers if answer.status_code == 201}
    assert Counter(answer.status_code for _, answer in answers) == {201: REWARDS, 409: REWARDS * (CLIENTS - 1)}
    assert len(won) == REWARDS
    for reward, answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "already_redeemed"
            assert won[reward] in answer.json()["detail"]
    assert system.summary()["redeemed"] == REWARDS


def test_the_same_key_gets_the_first_result_however_often_and_at_once(system: RewardDispatcher) -> None:
    """Retries of one request are one redemption; the key with another body is refused."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: _redeem(system.client, "rwd_1", "order-1", "key-1"), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    other = _redeem(system.client, "rwd_2", "order-1", "key-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    late = _redeem(system.client, "rwd_1", "order-2", "key-2")
    assert (late.status_code, late.json()["code"]) == (409, "already_redeemed")


@on_both_kinds_of_redis
def test_a_key_with_another_order_never_gets_the_first_orders_result(
    system: RewardDispatcher, redis: RedisClient
) -> None:
    """Not even if Redis has lost the first body: the ledger's result belongs to the first order."""
    assert _redeem(system.client, "rwd_1", "order-A", "key").json()["order_id"] == "order-A"
    assert [redis.delete(key) for key in matching_keys(redis, "rd:asked:*")] == [1]
    other = _redeem(system.client, "rwd_1", "order-B", "key")
    assert (other.status_code, other.json()["code"]) == (409, "already_redeemed")
    assert "order-A" in other.json()["detail"]
    again = _redeem(system.client, "rwd_2", "order-A", "key-2")
    assert (again.status_code, again.json()["reward_id"]) == (201, "rwd_2")


def test_a_request_for_an_unknown_reward_does_not_use_up_its_key(system: RewardDispatcher) -> None:
    """Nothing was done: the corrected request succeeds, and from then on the key belongs to its body."""
    assert _redeem(system.client, "rwd_typo", "order-1", "key").status_code == 404
    corrected = _redeem(system.client, "rwd_1", "order-1", "key")
    assert (corrected.status_code, corrected.json()["reward_id"]) == (201, "rwd_1")
    assert _redeem(system.client, "rwd_2", "order-1", "key").status_code == 422
    assert _redeem(system.client, "rwd_1", "order-1", "key").text == corrected.text


def test_a_code_works_however_it_is_typed_at_every_entrance(system: RewardDispatcher) -> None:
    """Lower case, white space, a line break, quotes, full-width letters: one form when it is looked up and when it is used."""
    codes = [str(system.wallet(f"xhs:friend{number}")[0]["code"]) for number in range(6)]
    ways = ("{} ", "\n{}\n", "\u200b{}", "「{}」。", '"{}"', "{}")
    for number, (code, way) in enumerate(zip(codes, ways, strict=True)):
        typed = way.format(code if number % 2 else code.lower())
        typed = typed if number < 5 else "".join(chr(ord(one) + 0xFEE0) for one in typed)
        looked_up = system.client.get(f"/v1/codes/{quote(typed)}")
        assert (looked_up.status_code, looked_up.json()["code"]) == (200, code), typed
        used = system.client.post("/v1/redemptions", json={"code": typed, "order_id": f"o{number}"})
        assert (used.status_code, used.json()["reward_id"]) == (201, f"rwd_{number}"), typed
    for empty in (" ", "\u200b", "。", "x" * 65):
        assert system.client.post("/v1/redemptions", json={"code": empty, "order_id": "o"}).status_code == 422, empty


def test_a_wallet_can_be_requested_by_any_platform_id(system: RewardDispatcher) -> None:
    """An id may contain slashes, plain or escaped, and a prefix in upper case; the person id works as well."""
    odd = person("https://xhs.example/u/1")
    system.apply(odd)
    system.write_rewards([grant("rwd_odd", beneficiary=odd.id)])
    wait_until(lambda: system.wallet("https%3A%2F%2Fxhs.example%2Fu%2F1"))
    for written in ("https://xhs.example/u/1", "HTTPS://xhs.example/u/1", odd.id):
        [reward] = wait_until(lambda written=written: system.wallet(written))
        assert (reward["id"], reward["beneficiary"], reward["external_id"]) == ("rwd_odd", odd.id, odd.external_id)


def test_each_mistake_has_its_code_and_place(system: RewardDispatcher) -> None:
    """Unknown rewards and codes, neither of them, an unknown field, no API key."""
    client = system.client
    assert (
        client.post("/v1/redemptions", json={"reward_id": "rwd_none", "order_id": "o"}).json()["code"]
        == "unknown_reward"
    )
    assert client.post("/v1/redemptions", json={"code": "NONE", "order_id": "o"}).json()["code"] == "unknown_code"
    neither = client.post("/v1/redemptions", json={"order_id": "o"})
    assert (neither.status_code, neither.json()["errors"][0]["pointer"]) == (422, "/code")
    extra = client.post("/v1/redemptions", json={"reward_id": "rwd_1", "order_id": "o", "oder": 1})
    assert extra.json()["errors"][0]["pointer"] == "/oder"
    assert httpx.post(f"{client.base_url}/v1/redemptions", json={}).status_code == 401
    for order in ("o\n1", "\x00", "o\x7f", "o\u202e1", "x" * 65):
        refused = client.post("/v1/redemptions", json={"reward_id": "rwd_1", "order_id": order})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/order_id"), order


def test_a_key_of_another_program_reaches_no_reward_code_or_webhook(system: RewardDispatcher) -> None:
    """By id, by code, by program or none named: nothing is read, used, registered or removed."""
    code = system.client.get("/v1/rewards/rwd_1").json()["code"]
    hook: dict[str, object] = {"program": PROGRAM, "url": "https://93.184.215.14/hook"}
    webhook = system.client.post("/v1/webhooks", json=hook).json()["id"]
    held = system.client.post("/v1/redemptions/holds", json={"reward_id": "rwd_1", "order_id": "o"}).json()["id"]
    requests: list[tuple[str, str, dict[str, object] | None, int]] = [
        ("GET", "/v1/rewards/rwd_1", None, 403),
        ("GET", "/v1/rewards/rwd_1/history", None, 403),
        ("POST", "/v1/rewards/rwd_1/hold", {"by": "lin"}, 403),
        ("GET", f"/v1/codes/{code}", None, 404),
        ("GET", f"/v1/codes/{code}?program={PROGRAM}", None, 403),
        ("POST", "/v1/redemptions", {"reward_id": "rwd_1", "order_id": "o"}, 403),
        ("POST", "/v1/redemptions", {"code": code, "order_id": "o"}, 404),
        ("POST", "/v1/redemptions/holds", {"reward_id": "rwd_1", "order_id": "o"}, 403),
        ("POST", f"/v1/redemptions/holds/{held}/capture", {}, 403),
        ("POST", f"/v1/redemptions/holds/{held}/release", {}, 403),
        ("POST", f"/v1/redemptions/{held}/reverse", {}, 403),
        ("POST", f"/v1/redemptions/{held}/reinstate", {}, 403),
        ("POST", f"/v1/redemptions/{held}/refunds", {"refund_id": "r", "amount": 1, "order_amount": 2}, 403),
        ("POST", "/v1/redemptions", {"code": code, "program": PROGRAM, "order_id": "o"}, 403),
        (
            "POST",
            "/v1/redemptions",
            {"person": "xhs:friend1", "program": PROGRAM, "unit": "CNY", "amount": 1, "order_id": "o"},
            403,
        ),
        ("POST", "/v1/webhooks", hook, 403),
        ("GET", f"/v1/webhooks?program={PROGRAM}", None, 403),
        ("PATCH", f"/v1/webhooks/{webhook}", {"description": "mine"}, 403),
        ("POST", f"/v1/webhooks/{webhook}/rotate", {}, 403),
        ("POST", f"/v1/webhooks/{webhook}/test", {"type": "reward.revoked"}, 403),
        ("GET", f"/v1/webhooks/{webhook}/deliveries", None, 403),
        ("POST", f"/v1/webhooks/{webhook}/deliveries/msg_1/replay", None, 403),
        ("POST", f"/v1/webhooks/{webhook}/recover?since=2020-01-01T00:00:00Z", None, 403),
        ("POST", f"/v1/webhooks/{webhook}/replay-missing", None, 403),
        ("GET", f"/v1/webhooks/{webhook}/stats", None, 403),
        ("DELETE", f"/v1/webhooks/{webhook}", None, 403),
    ]
    elsewhere = {"Authorization": "Bearer rk_elsewhere"}
    for method, path, body, status in requests:
        answer = system.client.request(method, path, json=body, headers=elsewhere)
        assert answer.status_code == status, (method, path, answer.text)
    assert system.client.get("/v1/rewards/rwd_1").json()["status"] == "fulfilled"
    assert [one["id"] for one in system.client.get(f"/v1/webhooks?program={PROGRAM}").json()["items"]] == [webhook]


def test_a_code_is_worth_nothing_in_another_program(system: RewardDispatcher) -> None:
    """With a key of the other program, or the other program named: refused as an unknown code, and nothing is used or held."""
    other = reward_terms()
    system.apply(replace(other, program=replace(other.program, id="prg_other")))
    wait_until(lambda: system.client.get("/v1/programs/prg_other/rewards/summary").status_code == 200)
    code, client = system.client.get("/v1/rewards/rwd_1").json()["code"], system.client
    elsewhere = {"Authorization": "Bearer rk_elsewhere"}
    for path in ("/v1/redemptions", "/v1/redemptions/holds"):
        body = {"code": code, "order_id": "order-1"}
        answers = [
            client.post(path, json=body, headers=elsewhere),
            client.post(path, json=body | {"program": "prg_other"}, headers=elsewhere),
            client.post(path, json=body | {"program": "prg_other"}),
        ]
        assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "unknown_code")] * 3
    assert client.get("/v1/rewards/rwd_1").json()["status"] == "fulfilled"
    answer = client.post("/v1/redemptions", json={"code": code, "program": PROGRAM, "order_id": "order-1"})
    assert (answer.status_code, answer.json()["order_id"]) == (201, "order-1")


def test_guessing_codes_is_slowed_and_slows_no_other_shopper(settings: Settings, environ: dict[str, str]) -> None:
    """After three wrong codes of a shopper not even a right one is looked up, at both entrances; another shopper goes on."""
    few = {**environ, "REFERRAL_WRONG_CODE_LIMIT": "3/day"}
    with (
        serve_reward_dispatcher(settings, few, reward_terms(), AMY) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        system.write_rewards([grant("rwd_1", beneficiary=person_id("xhs:friend1"))])
        [reward] = wait_until(lambda: system.wallet("xhs:friend1"))
        code, client = str(reward["code"]), system.client
        guesses = [client.get(f"/v1/codes/WRONG{n}", params={"client": "eve"}).status_code for n in range(3)]
        assert guesses == [404, 404, 404]
        refused = client.get(f"/v1/codes/{code}", params={"client": "eve"})
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused.headers["Retry-After"]) > 0
        body = {"code": code, "order_id": "order-1"}
        assert client.post("/v1/redemptions", json={**body, "client": "eve"}).status_code == 429
        assert client.post("/v1/redemptions", json={**body, "client": "amy"}).status_code == 201
        for n in range(27):
            assert client.get(f"/v1/codes/WRONG{n}", params={"client": f"many{n}"}).status_code == 404
        assert client.get(f"/v1/codes/{code}", params={"client": "new"}).status_code == 429
        metrics = "".join(answer.text for answer in [client.get("/metrics")])
        assert 'referral_wrong_codes_total{outcome="unknown"} 30.0' in metrics
        assert 'referral_wrong_codes_total{outcome="refused"} 3.0' in metrics
