"""Operators decide about rewards over HTTP: through the log, once, with name and reason."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from referral.config import Settings
from tests.support.builders.participants import AMY, PROFILES, PROGRAM, person, person_id
from tests.support.builders.reward_dispatcher import grant, redemption_request, revocation, reward_terms
from tests.support.processes import run_module
from tests.support.settings import api_key
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

FRIEND = person("xhs:friend1")
LIN = {"by": "lin@glow.example", "note": "posted the thank-you"}


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """A manual reward, one in its holding period, a fulfilled and a clawed-back one."""
    reader = api_key("reader", "read")
    with (
        serve_reward_dispatcher(settings, environ, reward_terms(), AMY, PROFILES[0], FRIEND, reader) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        now = datetime.now(UTC)
        used = person_id("xhs:friend4")
        system.write_rewards(
            [
                grant("rwd_task", manual=True, beneficiary=FRIEND.id),
                grant("rwd_held", at=now, holding_days=7, beneficiary=FRIEND.id),
                grant("rwd_done", beneficiary=FRIEND.id),
                grant("rwd_used", beneficiary=used),
                redemption_request("rdm_1", "rwd_used", beneficiary=used),
                revocation("rwd_used", beneficiary=used),
            ]
        )
        wait_until(
            lambda: (
                _state(system, "rwd_used").get("clawback") and _state(system, "rwd_done").get("status") == "fulfilled"
            )
        )
        yield system


def _state(system: RewardDispatcher, reward: str) -> dict[str, object]:
    return dict(system.client.get(f"/v1/rewards/{reward}").json())


def _listed(system: RewardDispatcher, **query: object) -> list[str]:
    answer = system.client.get(f"/v1/programs/{PROGRAM}/rewards", params=query)  # type: ignore[arg-type] # scalars
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def test_a_manual_reward_is_a_task_that_is_listed_and_done_with_a_note(system: RewardDispatcher) -> None:
    """Listed until it is completed; the history has who did it and why."""
    assert _listed(system, status="held", hold_reason="manual") == ["rwd_task"]
    done = system.client.post("/v1/rewards/rwd_task/fulfil", json=LIN)
    assert (done.status_code, done.json()["status"]) == (200, "fulfilled")
    assert _listed(system, status="held") == []
    assert _listed(system) == ["rwd_used"]
    steps = wait_until(lambda: _noted(system, "rwd_task"))
    assert [step["state"] for step in steps] == ["granted", "manual", "fulfilled"]
    assert (steps[-1]["action"], steps[-1]["by"], steps[-1]["note"]) == ("fulfil", LIN["by"], LIN["note"])
    assert steps[-1]["api_key"]


def _noted(system: RewardDispatcher, reward: str) -> list[dict[str, object]] | None:
    """The history once the directory has read the note."""
    steps = system.client.get(f"/v1/rewards/{reward}/history").json()["steps"]
    return list(steps) if steps[-1]["note"] else None


def test_an_illegal_action_is_409_and_names_what_is_legal(system: RewardDispatcher) -> None:
    """A fulfilled reward cannot be approved; it can be held or revoked."""
    refused = system.client.post("/v1/rewards/rwd_done/approve", json=LIN)
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_action")
    assert "fulfilled" in refused.json()["detail"]
    assert "hold, revoke" in refused.json()["detail"]
    assert system.client.post("/v1/rewards/rwd_done/sell", json=LIN).status_code == 404
    nameless = system.client.post("/v1/rewards/rwd_done/hold", json={"by": " "})
    assert (nameless.status_code, nameless.json()["errors"][0]["pointer"]) == (422, "/by")
    reader = {"Authorization": "Bearer rk_reader"}
    assert system.client.post("/v1/rewards/rwd_done/hold", json=LIN, headers=reader).status_code == 403


def test_a_repeated_action_takes_effect_once(system: RewardDispatcher) -> None:
    """The same key again, after the opposite action, changes nothing; with another body it is refused."""
    key = {"Idempotency-Key": "key-1"}
    assert system.client.post("/v1/rewards/rwd_done/hold", json=LIN, headers=key).json()["waits_for"] == "operator"
    assert system.client.post("/v1/rewards/rwd_done/release", json=LIN).json()["status"] == "fulfilled"
    again = system.client.post("/v1/rewards/rwd_done/hold", json=LIN, headers=key)
    assert (again.status_code, again.json()["status"]) == (200, "fulfilled")
    other = system.client.post("/v1/rewards/rwd_done/hold", json={"by": "bo"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_an_approval_a_revocation_and_its_restoration(system: RewardDispatcher) -> None:
    """A holding period that a person ends; what was taken back comes back with the same code; a clawback is waived."""
    approved = system.client.post("/v1/rewards/rwd_held/approve", json=LIN).json()
    assert approved["status"] == "fulfilled"
    revoked = system.client.post("/v1/rewards/rwd_held/revoke", json=LIN).json()
    assert (revoked["status"], revoked["revoked_for"], revoked["code"]) == ("revoked", "operator", None)
    restored = system.client.post("/v1/rewards/rwd_held/restore", json=LIN).json()
    assert (restored["status"], restored["code"]) == ("fulfilled", approved["code"])
    waived = system.client.post("/v1/rewards/rwd_used/restore", json=LIN).json()
    assert (waived["status"], waived["clawback"]) == ("redeemed", False)


def test_the_list_is_paged_with_the_longest_wait_first(system: RewardDispatcher) -> None:
    """Cursors follow the order over all partitions, also where many wait since the same moment."""
    held = [f"rwd_many{number:02}" for number in range(30)]
    system.write_rewards(grant(one, manual=True, beneficiary=person_id(f"xhs:f{one}")) for one in held)
    wait_until(lambda: len(_listed(system, hold_reason="manual")) == 31)
    found: list[str] = []
    cursor = None
    while True:
        query = {"hold_reason": "manual", "limit": 7, **({"cursor": cursor} if cursor else {})}
        page = system.client.get(f"/v1/programs/{PROGRAM}/rewards", params=query).json()  # type: ignore[arg-type] # scalars
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == sorted([*held, "rwd_task"])
