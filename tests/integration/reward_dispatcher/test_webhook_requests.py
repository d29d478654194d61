"""What operators of receivers ask for: changes, rotation, tests, replays, figures; and what ends an endpoint."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from referral.clock import FileClock
from referral.config import Settings
from referral.redis_client import RedisClient
from reward_dispatcher.delivery.messages import WEBHOOK_EVENT_TYPES
from tests.support.builders.participants import person_id
from tests.support.builders.reward_dispatcher import grant, revocation
from tests.support.processes import run_module
from tests.support.redis_servers import matching_keys
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import WebhookReceiver, run_receiver

pytestmark = pytest.mark.integration
MODULE = "reward_dispatcher"


@dataclass(frozen=True)
class Running:
    """The whole delivery: HTTP service, folds and worker, and a registered receiver."""

    system: RewardDispatcher
    receiver: WebhookReceiver
    webhook: str

    def request(self, method: str, path: str = "", **more: Any) -> tuple[int, dict[str, Any]]:
        """Returns status and body of a request about the webhook."""
        answer = self.system.client.request(method, f"/v1/webhooks/{self.webhook}{path}", **more)
        return answer.status_code, answer.json()

    def deliveries(self, **query: str) -> dict[str, dict[str, Any]]:
        """Returns the deliveries by message id."""
        status, body = self.request("GET", "/deliveries", params=query)
        assert status == 200, body
        return {one["message"]: one for one in body["items"]}

    def grant(self, *rewards: str) -> None:
        """Fulfils rewards."""
        self.system.write_rewards(grant(one, beneficiary=person_id(f"xhs:{one}")) for one in rewards)


def register(system: RewardDispatcher, receiver: WebhookReceiver) -> str:
    """Registers a receiver; returns the id of the webhook."""
    made = system.client.post("/v1/webhooks", json={"program": "prg_glow", "url": receiver.url}).json()
    receiver.secret, receiver.public_key = made["secret"], made["public_key"]
    return str(made["id"])


@pytest.fixture
def running(settings: Settings, environ: dict[str, str], clock: FileClock) -> Iterator[Running]:
    """Everything runs, by a clock that the test moves."""
    with run_receiver() as receiver, serve_reward_dispatcher(settings, environ) as system, ExitStack() as stack:
        for words in (("fold", "ledger"), ("fold", "deliveries"), ("worker",)):
            stack.enter_context(run_module(system.environ, MODULE, *words))
        yield Running(system, receiver, register(system, receiver))


def test_a_test_message_of_every_type_arrives_signed_in_both_schemes(running: Running) -> None:
    """Also types that the webhook is not registered for. No reward counts as delivered by it."""
    running.request("PATCH", json={"events": ["reward.redeemed"]})
    sent = {}
    for event_type in WEBHOOK_EVENT_TYPES:
        status, body = running.request("POST", "/test", json={"type": event_type})
        assert status == 202
        sent[body["message"]] = event_type
    wait_until(lambda: {message: kind for message, kind, _ in running.receiver.received} == sent)
    assert running.receiver.forged == 0
    assert all(data["test"] is True for data in running.receiver.data.values())
    assert set(running.receiver.signatures) == {2}
    assert running.system.summary()["by_status"]["delivered"] == 0  # type: ignore[index]
    status, problem = running.request("POST", "/test", json={"type": "reward.granted"})
    assert (status, problem["code"]) == (422, "invalid")


def test_a_rotation_keeps_the_former_pair_for_a_day(running: Running, clock: FileClock) -> None:
    """Receivers that verify with either pair accept; a second rotation within the day is refused; a repeated one is one."""
    receiver, former = running.receiver, (running.receiver.secret, running.receiver.public_key)
    once = {"Idempotency-Key": "once"}
    answers = [running.request("POST", "/rotate", json={}, headers=once) for _ in range(2)]
    assert answers[0] == answers[1]
    status, rotated = answers[0]
    assert (status, rotated["secret"] != former[0]) == (200, True)
    status, problem = running.request("POST", "/rotate", json={})
    assert (status, problem["code"]) == (409, "rotated_lately")
    running.grant("rwd_1")
    wait_until(lambda: receiver.rewards() == {"rwd_1"})
    receiver.secret, receiver.public_key = rotated["secret"], rotated["public_key"]
    running.grant("rwd_2")
    wait_until(lambda: receiver.rewards() == {"rwd_1", "rwd_2"})
    assert (receiver.forged, receiver.signatures) == (0, [4, 4])
    clock.set(clock.now_ms() + 24 * 3_600_000)
    running.grant("rwd_3")
    wait_until(lambda: "rwd_3" in receiver.rewards())
    assert receiver.signatures[-1] == 2
    listed = running.system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]
    assert [one["public_key"] for one in listed] == [rotated["public_key"]]


def test_410_disables_at_once_and_what_was_missed_is_sent_on_request(running: Running) -> None:
    """The program's other endpoint is notified. Enabled again, it gets what it missed, and what failed."""
    receiver = running.receiver
    with run_receiver() as other:
        register(running.system, other)
        receiver.answer = lambda _: 410
        running.grant("rwd_1")
        wait_until(
            lambda: running.webhook in {about for _, kind, about in other.received if kind == "endpoint.disabled"}
        )
        assert other.data[running.webhook]["reason"] == "gone"
        running.grant("rwd_2", "rwd_3")
        wait_until(lambda: len(running.deliveries(status="missed")) == 2)
        for path, more in (("/test", {"json": {"type": "reward.revoked"}}), ("/replay-missing", {})):
            status, problem = running.request("POST", path, **more)
            assert (status, problem["code"]) == (409, "webhook_disabled")
        receiver.answer = lambda _: 200
        status, body = running.request("PATCH", json={"enabled": True})
        assert (status, body["enabled"], body["disabled_reason"]) == (200, True, None)
        assert receiver.requests == 1
        status, body = running.request("POST", "/replay-missing")
        assert (status, body) == (202, {"scheduled": 2, "more": False})
        wait_until(lambda: receiver.rewards() == {"rwd_2", "rwd_3"})
        status, body = running.request("POST", "/recover", params={"since": "2020-01-01T00:00:00Z"})
        assert (status, body) == (202, {"scheduled": 1, "more": False})
        wait_until(lambda: receiver.rewards() == {"rwd_1", "rwd_2", "rwd_3"})
        assert len({message for message, _, _ in receiver.received}) == 3
        wait_until(lambda: {one["status"] for one in running.deliveries().values()} == {"delivered"})


def test_five_days_of_failures_are_warned_of_and_disable(running: Running, clock: FileClock) -> None:
    """The other endpoint hears of 50, 70 and 90%; then the failing one is disabled; what was tried is in its figures."""
    running.receiver.answer = lambda _: 503
    with run_receiver() as other:
        register(running.system, other)
        for day in range(11):
            running.grant(f"rwd_{day}")
            wait_until(lambda day=day: _all_attempted(running, day + 1, clock.now_ms()))
            clock.set(clock.now_ms() + 12 * 3_600_000)
        wait_until(lambda: "endpoint.disabled" in {kind for _, kind, _ in other.received})
        warned = [kind for _, kind, about in other.received if about == running.webhook]
        assert sorted(warned) == ["endpoint.disabled", *["endpoint.warned"] * 3]
        [listed] = [
            one
            for one in running.system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]
            if one["id"] == running.webhook
        ]
        assert (listed["enabled"], listed["disabled_reason"], listed["last_failure_status"]) == (False, "failing", 503)
        _, stats = running.request("GET", "/stats")
        assert (stats["delivered"], stats["success_rate"]) == (0, 0.0)
        assert stats["failed_attempts"] == sum(day["failed_attempts"] for day in stats["days"]) >= 11


def _all_attempted(running: Running, count: int, now_ms: int) -> bool:
    """Whether every message had all attempts that are due by now, or the endpoint is disabled."""
    items = running.deliveries(limit="1000").values()
    if any(one["status"] == "missed" for one in items):
        return True
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now_ms / 1000))
    return len(items) == count and all(
        one["attempts"] and (one["status"] == "failed" or one["next_attempt_at"][:19] > now) for one in items
    )


def test_a_replayed_message_keeps_its_id_and_has_a_new_signature(running: Running) -> None:
    """Whether it was delivered or waits: then it is sent now."""
    receiver = running.receiver
    running.grant("rwd_1")
    wait_until(lambda: receiver.rewards() == {"rwd_1"})
    [message] = wait_until(lambda: [one for one in running.deliveries().values() if one["status"] == "delivered"])
    _, rotated = running.request("POST", "/rotate", json={})
    receiver.secret, receiver.public_key = rotated["secret"], rotated["public_key"]
    for _ in range(2):
        status, body = running.request(
            "POST", f"/deliveries/{message['message']}/replay", headers={"Idempotency-Key": "again"}
        )
        assert (status, body) == (202, {"message": message["message"]})
    wait_until(lambda: [one for one, _, _ in receiver.received] == [message["message"]] * 2)
    assert receiver.forged == 0
    receiver.answer = lambda _: 500
    running.grant("rwd_2")
    waiting = wait_until(lambda: [one for one in running.deliveries(status="waiting").values() if one["attempts"] == 1])
    receiver.answer = lambda _: 200
    running.request("POST", f"/deliveries/{waiting[0]['message']}/replay")
    wait_until(lambda: "rwd_2" in receiver.rewards())
    status, problem = running.request("POST", "/deliveries/msg_unknown/replay")
    assert (status, problem["code"]) == (404, "unknown_message")


def test_a_list_shows_what_was_answered_without_what_was_sent(running: Running, redis: RedisClient) -> None:
    """Status, reason, the next attempt as the receiver asked, and an excerpt without the person's id and the code."""
    receiver = running.receiver
    receiver.answer, receiver.answer_body = (lambda _: 429), b'{"error": "busy", "got": "example:amy EXAMPLE-CODE"}'
    receiver.answer_headers = {"Retry-After": "9"}
    status, body = running.request("POST", "/test", json={"type": "reward.fulfilled"})
    assert status == 202

    def answered() -> dict[str, Any] | None:
        one = running.deliveries().get(body["message"])
        return one if one and one["attempts"] == 1 and one["excerpt"] else None

    shown = wait_until(answered)
    assert (shown["type"], shown["test"], shown["status"]) == ("reward.fulfilled", True, "waiting")
    assert (shown["last_status"], shown["last_failure"]) == (429, "status")
    assert shown["excerpt"] == '{"error": "busy", "got": "[removed] [removed]"}'
    assert shown["next_attempt_at"] > shown["scheduled_at"]
    stored = [redis.get(key) or b"" for key in matching_keys(redis, "rd:answers:*")]
    assert len(stored) == 1
    assert b"EXAMPLE-CODE" not in stored[0]


def test_pages_of_deliveries_have_every_message_once(running: Running) -> None:
    """Newest first, over all statuses and of one; a cursor of another list is refused."""
    running.grant(*(f"rwd_{number}" for number in range(25)))
    running.system.write_rewards([revocation("rwd_1")])
    wait_until(lambda: len(running.deliveries(status="delivered")) >= 25)
    seen, query = list[dict[str, Any]](), {"limit": "7"}
    while True:
        _, page = running.request("GET", "/deliveries", params=query)
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        query = {"limit": "7", "cursor": page["next_cursor"]}
    assert len({one["message"] for one in seen}) == len(seen) == len(running.deliveries())
    times = [one["scheduled_at"] for one in seen]
    assert times == sorted(times, reverse=True)
    _, first = running.request("GET", "/deliveries", params={"limit": "7"})
    status, problem = running.request(
        "GET", "/deliveries", params={"cursor": first["next_cursor"], "status": "delivered"}
    )
    assert (status, problem["code"]) == (400, "bad_cursor")


def test_changes_and_removal(running: Running) -> None:
    """A new address gets what waits; a disabled webhook gets nothing; a removed one is unknown to every request."""
    with run_receiver() as moved:
        moved.secret, moved.public_key = running.receiver.secret, running.receiver.public_key
        status, body = running.request("PATCH", json={"url": moved.url, "description": "the new shop"})
        assert (status, body["url"], body["description"]) == (200, moved.url, "the new shop")
        running.grant("rwd_1")
        wait_until(lambda: moved.rewards() == {"rwd_1"})
        status, body = running.request("PATCH", json={"enabled": False})
        assert (status, body["enabled"], body["disabled_reason"]) == (200, False, "operator")
        running.grant("rwd_2")
        wait_until(lambda: len(running.deliveries(status="missed")) == 1)
        assert running.receiver.requests == 0
        assert moved.rewards() == {"rwd_1"}
    for body in ({}, {"url": "http://10.0.0.8/"}, {"enabled": "perhaps"}, {"events": ["reward.granted"]}, {"other": 1}):
        assert running.request("PATCH", json=body)[0] == 422
    assert running.system.client.delete(f"/v1/webhooks/{running.webhook}").status_code == 204
    for method, path, more in (
        ("PATCH", "", {"json": {"enabled": True}}),
        ("POST", "/rotate", {"json": {}}),
        ("POST", "/test", {"json": {"type": "reward.revoked"}}),
        ("GET", "/deliveries", {}),
        ("POST", "/deliveries/msg_1/replay", {}),
        ("POST", "/recover", {"params": {"since": "2020-01-01T00:00:00Z"}}),
        ("POST", "/replay-missing", {}),
        ("GET", "/stats", {}),
    ):
        status, problem = running.request(method, path, **more)
        assert (status, problem["code"]) == (404, "unknown_webhook"), path
