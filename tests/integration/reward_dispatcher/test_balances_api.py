"""Credit, codes of a fixed amount, holds and reversals over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from msgspec.structs import replace

from referral.config import Settings
from tests.support.builders.participants import AMY, PROFILES, PROGRAM, person
from tests.support.builders.reward_dispatcher import credit, fixed_code, grant, revocation, reward_terms
from tests.support.processes import run_module
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

FRIEND = person("xhs:friend1")
BALANCE = {"program": PROGRAM, "person": "xhs:friend1", "unit": "CNY"}


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """Credit of ¥5 and ¥3, a code of ¥10 and one of 20%."""
    with (
        serve_reward_dispatcher(settings, environ, reward_terms(), AMY, PROFILES[0], FRIEND) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        lines = [
            credit("rwd_500", 500),
            credit("rwd_300", 300, expires_days=4000),
            fixed_code("rwd_ten", 1000),
            grant("rwd_20"),
        ]
        system.write_rewards(replace(line, beneficiary=FRIEND.id) for line in lines)
        wait_until(lambda: len(_balance(system).get("lots", [])) == 2 and len(system.wallet("xhs:friend1")) == 4)  # type: ignore[arg-type] # a list
        yield system


def _balance(system: RewardDispatcher) -> dict[str, object]:
    answer = system.client.get(f"/v1/programs/{PROGRAM}/people/xhs:friend1/balance")
    assert answer.status_code == 200, answer.text
    return next(iter(answer.json()["items"]), {})


def _redeem(system: RewardDispatcher, key: str | None = None, **body: object) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return system.client.post("/v1/redemptions", json={"order_id": "order-1", **body}, headers=headers)


def test_a_balance_is_spent_in_parts_and_each_use_names_its_lots(system: RewardDispatcher) -> None:
    """The credit that expires sooner first; the same key gets the same answer; more than there is is refused."""
    assert _balance(system)["in_words"] == "8.00 CNY to spend"
    used = _redeem(system, "key-1", **BALANCE, amount=400)
    assert (used.status_code, used.json()["amount"], used.json()["unit"]) == (201, 400, "CNY")
    assert used.json()["lots"] == [
        {"reward_id": "rwd_300", "amount": 300},
        {"reward_id": "rwd_500", "amount": 100},
    ]
    assert _redeem(system, "key-1", **BALANCE, amount=400).json() == used.json()
    assert _balance(system)["free"] == 400
    refused = _redeem(system, **BALANCE, amount=401)
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient")
    missing = _redeem(system, **BALANCE)
    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/amount")


def test_many_clients_never_spend_more_than_the_balance(system: RewardDispatcher) -> None:
    """32 clients try to spend ¥1 each, of ¥8."""
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda n: _redeem(system, f"key-{n}", **BALANCE, amount=100).status_code, range(32)))
    assert (answers.count(201), answers.count(409)) == (8, 24)
    assert _balance(system) == {}


def test_a_code_of_a_fixed_amount_in_parts_and_a_percentage_as_a_whole(system: RewardDispatcher) -> None:
    """What is left is shown where the code is looked up."""
    code = next(str(one["code"]) for one in system.wallet("xhs:friend1") if one["id"] == "rwd_ten")
    assert _redeem(system, code=code, amount=700).status_code == 201
    assert system.client.get(f"/v1/codes/{code}").json()["left"] == 300
    assert _redeem(system, reward_id="rwd_20", amount=5).json()["code"] == "not_divisible"
    assert _redeem(system, reward_id="rwd_ten").json()["amount"] == 300


def test_a_hold_is_captured_in_part_released_and_reversed_once(system: RewardDispatcher) -> None:
    """Held, then used for less; a second capture and a second reversal are refused."""
    held = system.client.post("/v1/redemptions/holds", json={**BALANCE, "amount": 600, "order_id": "o", "seconds": 60})
    assert (held.status_code, held.json()["status"], _balance(system)["held"]) == (201, "held", 600)
    path = f"/v1/redemptions/holds/{held.json()['id']}"
    captured = system.client.post(f"{path}/capture", json={"amount": 350})
    assert (captured.status_code, captured.json()["amount"]) == (200, 350)
    assert (_balance(system)["free"], _balance(system)["held"]) == (450, 0)
    assert system.client.post(f"{path}/release", json={}).json()["code"] == "not_held"
    reversal = f"/v1/redemptions/{held.json()['id']}/reverse"
    keyed = [system.client.post(reversal, json={}, headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert {answer.status_code for answer in keyed} == {200}
    assert keyed[0].json() == keyed[1].json()
    assert system.client.post(reversal, json={}).json()["code"] == "not_redeemed"
    assert _balance(system)["free"] == 800
    for bad in (59, 86_401):
        body = {**BALANCE, "amount": 1, "order_id": "o", "seconds": bad}
        assert system.client.post("/v1/redemptions/holds", json=body).status_code == 422
    assert system.client.post("/v1/redemptions/rdm_unknown/reverse", json={}).status_code == 404


def test_refunds_give_back_in_proportion_once_each_and_a_reinstated_order_takes_again(system: RewardDispatcher) -> None:
    """Two thirds and then the last third of an order; each refund id counts once."""
    used = _redeem(system, reward_id="rwd_500").json()
    path = f"/v1/redemptions/{used['id']}"
    parts = [("r1", 2000), ("r2", 1000)]
    bodies = [{"refund_id": id, "amount": amount, "order_amount": 3000} for id, amount in parts]
    assert [system.client.post(f"{path}/refunds", json=body).json()["amount"] for body in bodies] == [333, 167]
    again = system.client.post(f"{path}/refunds", json=bodies[0])
    assert (again.status_code, again.json()["code"]) == (409, "already_refunded")
    assert _balance(system)["free"] == 800
    [use] = system.client.get("/v1/rewards/rwd_500/history").json()["uses"]
    assert (use["redemption_id"], use["amount"], use["returned"], use["held_until"]) == (used["id"], 500, 500, None)
    assert system.client.post(f"{path}/reinstate", json={}).json()["amount"] == 500
    assert _balance(system)["free"] == 300
    too_much = system.client.post(f"{path}/refunds", json={"refund_id": "r3", "amount": 4000, "order_amount": 3000})
    assert (too_much.status_code, too_much.json()["errors"][0]["pointer"]) == (422, "/amount")


def test_a_released_hold_of_a_whole_reward_can_be_used(system: RewardDispatcher) -> None:
    """While it is held, another order cannot use it."""
    body = {"reward_id": "rwd_20", "order_id": "o"}
    held = system.client.post("/v1/redemptions/holds", json=body).json()
    assert _redeem(system, reward_id="rwd_20").json()["code"] == "held_for_order"
    assert system.client.post(f"/v1/redemptions/holds/{held['id']}/release", json={}).status_code == 200
    assert _redeem(system, reward_id="rwd_20").status_code == 201


def test_a_debt_is_shown_in_words_and_paid_by_the_next_credit(system: RewardDispatcher) -> None:
    """Both credits are used and one is taken back: the next credit is worth less."""
    assert _redeem(system, **BALANCE, amount=800).status_code == 201
    system.write_rewards([revocation("rwd_500", beneficiary=FRIEND.id)])
    in_debt = wait_until(lambda: _balance(system) if _balance(system).get("debt") else None)
    assert (in_debt["debt"], in_debt["in_words"]) == (
        500,
        "5.00 CNY was used and taken back since: the next credit pays it",
    )
    system.write_rewards([replace(credit("rwd_next", 700), beneficiary=FRIEND.id)])
    paid = wait_until(lambda: _balance(system) if _balance(system).get("free") else None)
    assert (paid["free"], paid["debt"]) == (200, 0)
