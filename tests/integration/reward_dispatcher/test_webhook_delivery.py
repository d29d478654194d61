"""Webhooks are delivered at least once, although the worker is killed and other receivers fail."""

from typing import Any

import msgspec
import pytest
from kafka import TopicPartition
from redis import Redis

from referral.config import Settings
from referral.events.facts import EventLine
from referral.events.line import ClockTicked
from referral.log.connection import create_consumer
from referral.log.records import split
from referral_tools.stack.ports import free_ports
from tests.support.builders.reward_dispatcher import grant, revocation
from tests.support.processes import run_module, start_module, stop_process
from tests.support.systems import fast_retry_dispatcher
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import WebhookReceiver, run_receiver

pytestmark = pytest.mark.integration
MANY = 200


def _register(system: RewardDispatcher, receiver: WebhookReceiver) -> str:
    """Registers the receiver; returns the id of the webhook."""
    answer = system.client.post("/v1/webhooks", json={"program": "prg_glow", "url": receiver.url})
    assert answer.status_code == 201, answer.text
    receiver.secret = answer.json()["secret"]
    return str(answer.json()["id"])


def test_a_killed_worker_skips_no_delivery(settings: Settings, environ: dict[str, str]) -> None:
    """After two SIGKILLs during delivery, every fulfilled reward has arrived, signed; duplicates have the same id."""
    worker = {**environ, "REFERRAL_WORKER": "one"}
    with (
        run_receiver() as receiver,
        serve_reward_dispatcher(settings, environ) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        _register(system, receiver)
        process = start_module(worker, "reward_dispatcher", "worker")
        try:
            for wave in (1, 2):
                enough = (wave - 1) * MANY + MANY // 10
                receiver.open_gate(pause_at=enough)  # so that the worker is killed with most of them still to deliver
                here = [f"rwd_{wave}_{number}" for number in range(MANY)]
                for at in range(0, MANY, 10):
                    system.write_rewards(grant(reward, beneficiary=f"xhs:{reward}") for reward in here[at : at + 10])
                wait_until(lambda enough=enough: len(receiver.rewards()) >= enough, timeout=60, every=0.002)
                process.kill()
                process.wait(30)
                assert len(receiver.rewards()) < wave * MANY, "killed too late to show anything"
                process = start_module(worker, "reward_dispatcher", "worker")
            receiver.open_gate(pause_at=0)
            wait_until(lambda: len(receiver.rewards()) == 2 * MANY, timeout=60)
        finally:
            stop_process(process)
        ids = {(message, reward) for message, kind, reward in receiver.received if kind == "reward.fulfilled"}
        assert len(ids) == 2 * MANY
        assert receiver.forged == 0
        wait_until(lambda: system.summary()["by_status"]["delivered"] == 2 * MANY)  # type: ignore[index]


def test_a_failing_receiver_does_not_delay_others(settings: Settings, environ: dict[str, str], redis: "Redis") -> None:
    """One receiver fails its first request, another does not exist: the first gets all messages, the second dead letters."""
    [port] = free_ports(1)
    missing = WebhookReceiver(url=f"http://127.0.0.1:{port}/hook")
    with (
        run_receiver(answer=lambda number: 500 if number == 1 else 200) as healthy,
        serve_reward_dispatcher(settings, environ) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        _register(system, healthy)
        dead = f"rd:dead:{_register(system, missing)}"
        system.write_rewards([grant("rwd_a"), revocation("rwd_a")])
        system.write_rewards(grant(f"rwd_{number}", beneficiary=f"xhs:friend{number}") for number in range(100))
        with run_module(system.environ, fast_retry_dispatcher.__name__, "worker"):
            wait_until(lambda: len(healthy.rewards()) == 101, timeout=40)
            wait_until(lambda: ("reward.revoked", "rwd_a") in {(kind, reward) for _, kind, reward in healthy.received})
            wait_until(lambda: redis.llen(dead) == 102, timeout=60)
            listed = wait_until(lambda: _idle(system))
        assert listed[healthy.url]["last_success_at"] >= listed[healthy.url]["last_failure_at"]
        assert listed[healthy.url]["last_failure"]
        assert listed[healthy.url]["failing"] is False
        assert (listed[missing.url]["failing"], listed[missing.url]["last_success_at"]) == (True, None)
        letter = msgspec.json.decode(redis.lindex(dead, 0))
        assert letter["body"]["type"].startswith("reward.")
        assert "ConnectError" in letter["reason"] or "failing" in letter["reason"]


def test_a_new_webhook_gets_nothing_of_the_past_from_a_worker_that_is_behind(
    settings: Settings, environ: dict[str, str]
) -> None:
    """Registered while the worker was down: it gets what is recorded from then on, not the codes of earlier rewards."""
    with (
        run_receiver() as receiver,
        serve_reward_dispatcher(settings, environ) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        system.write_rewards([grant("rwd_past", beneficiary="xhs:bo")])
        wait_until(lambda: [one["status"] for one in system.wallet("xhs:bo")] == ["fulfilled"])
        _register(system, receiver)
        system.write_rewards([grant("rwd_new", beneficiary="xhs:bo")])  # in the same partition, so it is read later
        with run_module(system.environ, "reward_dispatcher", "worker"):
            wait_until(lambda: "rwd_new" in receiver.rewards(), timeout=60)
        assert {reward for _, _, reward in receiver.received} == {"rwd_new"}


def _idle(system: RewardDispatcher) -> dict[str, dict[str, Any]] | None:
    """Returns the webhooks by URL once each has had attempts and nothing waits."""
    items = system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]
    had_attempts = all(one["last_success_at"] or one["last_failure_at"] for one in items)
    return {one["url"]: one for one in items} if had_attempts and not any(one["waiting"] for one in items) else None


def test_the_clock_ticks_once_per_interval_in_every_partition(settings: Settings, environ: dict[str, str]) -> None:
    """Two workers write the same ticks: same time, same id, in records of their own, in every partition of `events`."""
    quick = {**environ, "REFERRAL_TICK_SECONDS": "1"}
    with run_module(quick, "reward_dispatcher", "worker"), run_module(quick, "reward_dispatcher", "worker"):
        ticks = wait_until(lambda: _ticks(settings, 3), timeout=60)
    assert {partition for partition, _, _ in ticks} == set(range(settings.partitions))
    times = {(tick.id, tick.occurred_at) for _, tick, _ in ticks}
    assert len({time for _, time in times}) == len(times)
    assert all(lines == 1 for _, _, lines in ticks)
    assert all(tick.occurred_at.microsecond == 0 for _, tick, _ in ticks)


def _ticks(settings: Settings, count: int) -> list[tuple[int, ClockTicked, int]] | None:
    """Returns all ticks on the log (partition, tick, lines in its record) once there are `count` different times."""
    decode = msgspec.json.Decoder(EventLine).decode
    client = create_consumer(settings)
    try:
        topic = settings.topic_prefix + "events"
        partitions = [TopicPartition(topic, partition) for partition in range(settings.partitions)]
        client.assign(partitions)
        client.seek_to_beginning(*partitions)
        ends, found = client.end_offsets(partitions), []
        while any(client.position(partition) < ends[partition] for partition in partitions):
            for partition, records in client.poll(timeout_ms=200).items():
                for record in records:
                    lines = split(record.value)
                    line = decode(lines[0])
                    assert isinstance(line, ClockTicked)
                    found.append((partition.partition, line, len(lines)))
    finally:
        client.close()
    return found if len({tick.occurred_at for _, tick, _ in found}) >= count else None
