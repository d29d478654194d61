"""Webhooks are delivered at least once, although the worker is killed and other receivers fail."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import msgspec
import pytest
from kafka import TopicPartition

from referral.clock import FileClock
from referral.config import Settings
from referral.events.facts import EventLine
from referral.events.line import ClockTicked
from referral.log.connection import create_consumer
from referral.log.records import split
from referral.redis_client import RedisClient
from referral_tools.stack.ports import free_ports
from reward_dispatcher.domain.delivery_schedule import STEPS_MS
from tests.support.builders.participants import person, person_id
from tests.support.builders.reward_dispatcher import grant, revocation, reward_terms
from tests.support.processes import run_module, start_module, stop_process
from tests.support.records import erase_person
from tests.support.redis_servers import empty, on_both_kinds_of_redis
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import WebhookReceiver, run_receiver

pytestmark = pytest.mark.integration
MODULE = "reward_dispatcher"
MANY = 200
RETRIES = 1000


def _register(system: RewardDispatcher, receiver: WebhookReceiver) -> str:
    """Registers the receiver; returns the id of the webhook."""
    answer = system.client.post("/v1/webhooks", json={"program": "prg_glow", "url": receiver.url})
    assert answer.status_code == 201, answer.text
    receiver.secret, receiver.public_key = answer.json()["secret"], answer.json()["public_key"]
    return str(answer.json()["id"])


@contextmanager
def _folds(system: RewardDispatcher) -> Iterator[None]:
    """Runs the folds of the ledger and of deliveries."""
    with (
        run_module(system.environ, MODULE, "fold", "ledger"),
        run_module(system.environ, MODULE, "fold", "deliveries"),
    ):
        yield


@pytest.mark.timeout(900)
def test_a_killed_worker_skips_no_delivery(settings: Settings, environ: dict[str, str]) -> None:
    """After two SIGKILLs during delivery, every fulfilled reward has arrived, signed; duplicates have the same id."""
    worker = {**environ, "REFERRAL_WORKER": "one"}
    with run_receiver() as receiver, serve_reward_dispatcher(settings, environ) as system, _folds(system):
        _register(system, receiver)
        process = start_module(worker, MODULE, "worker")
        try:
            for wave in (1, 2):
                enough = (wave - 1) * MANY + MANY // 10
                receiver.open_gate(pause_at=enough)  # so that the worker is killed with most of them still to deliver
                here = [f"rwd_{wave}_{number}" for number in range(MANY)]
                for at in range(0, MANY, 10):
                    system.write_rewards(
                        grant(reward, beneficiary=person_id(f"xhs:{reward}")) for reward in here[at : at + 10]
                    )
                wait_until(lambda enough=enough: len(receiver.rewards()) >= enough, timeout=240)
                process.kill()
                process.wait(150)
                assert len(receiver.rewards()) < wave * MANY, "killed too late to show anything"
                process = start_module(worker, MODULE, "worker")
            receiver.open_gate(pause_at=0)
            wait_until(lambda: len(receiver.rewards()) == 2 * MANY, timeout=240)
            wait_until(lambda: system.summary()["by_status"]["delivered"] == 2 * MANY)  # type: ignore[index]
        finally:
            stop_process(process)
        ids = {(message, reward) for message, kind, reward in receiver.received if kind == "reward.fulfilled"}
        assert len(ids) == 2 * MANY
        assert receiver.forged == 0


@pytest.mark.timeout(900)
@on_both_kinds_of_redis
def test_a_thousand_retries_survive_an_empty_redis_and_a_killed_worker(
    settings: Settings, environ: dict[str, str], clock: FileClock, redis: RedisClient
) -> None:
    """FLUSHALL and SIGKILL while 1,000 messages wait for a retry, and again while these are made: none is lost.

    What was delivered before is not sent again by the folds that rebuild the state.
    """
    accepts, friends = Event(), [person(f"xhs:friend{number}") for number in range(RETRIES)]
    with (
        run_receiver(answer=lambda number: 200 if accepts.is_set() or number <= RETRIES // 10 else 503) as receiver,
        serve_reward_dispatcher(settings, environ, reward_terms(), *friends) as system,
        _folds(system),
    ):
        webhook = _register(system, receiver)
        process = start_module(system.environ, MODULE, "worker")
        try:
            for at in range(0, RETRIES, 50):
                system.write_rewards(
                    grant(f"rwd_{number}", beneficiary=friends[number].id) for number in range(at, at + 50)
                )
            wait_until(lambda: len(receiver.attempts) == RETRIES, timeout=240)
            delivered = wait_until(lambda: _settled(system, webhook, RETRIES // 10, RETRIES - RETRIES // 10))
            assert delivered
            first = set(receiver.rewards())
            process.kill()
            process.wait(150)
            empty(redis)
            clock.set(clock.now_ms() + 7_000)  # the second attempts are due
            process = start_module(system.environ, MODULE, "worker")
            wait_until(lambda: sum(receiver.attempts.values()) >= RETRIES + RETRIES // 4, timeout=240, every=0.002)
            empty(redis)
            process.kill()
            process.wait(150)
            accepts.set()
            clock.set(clock.now_ms() + 10 * 60_000)
            process = start_module(system.environ, MODULE, "worker")
            wait_until(lambda: _all_arrived_by(clock, receiver), timeout=240, every=0.5)
            assert wait_until(lambda: _settled(system, webhook, RETRIES, 0))
        finally:
            stop_process(process)
        messages = {message for message, _, _ in receiver.received}
        assert len(messages) == RETRIES
        repeated = Counter(message for message, _, reward in receiver.received if reward in first)
        assert set(repeated.values()) == {1}, "delivered before, and sent again after the state was rebuilt"
        assert receiver.forged == 0
        wait_until(lambda: system.summary()["by_status"]["delivered"] == RETRIES)  # type: ignore[index]


def _all_arrived_by(clock: FileClock, receiver: WebhookReceiver) -> bool:
    """Whether all rewards have arrived; if not, it is a minute later: an attempt that met a busy receiver is repeated then."""
    clock.set(clock.now_ms() + 60_000)
    return len(receiver.rewards()) == RETRIES


def _settled(system: RewardDispatcher, webhook: str, delivered: int, waiting: int) -> bool:
    """Whether the state has so many messages delivered, and so many that wait."""
    stats = system.client.get(f"/v1/webhooks/{webhook}/stats").json()
    return (stats["delivered"], stats["waiting"]) == (delivered, waiting)


def test_a_failing_receiver_does_not_delay_others(
    settings: Settings, environ: dict[str, str], clock: FileClock
) -> None:
    """One receiver fails once, another does not exist: the first gets all; what is for the second fails after ten attempts."""
    [port] = free_ports(1)
    missing = WebhookReceiver(url=f"http://127.0.0.1:{port}/hook")
    with (
        run_receiver(answer=lambda number: 500 if number == 1 else 200) as healthy,
        serve_reward_dispatcher(settings, environ) as system,
        _folds(system),
        run_module(system.environ, MODULE, "worker"),
    ):
        _register(system, healthy)
        dead = _register(system, missing)
        system.write_rewards([grant("rwd_a"), revocation("rwd_a")])
        system.write_rewards(
            grant(f"rwd_{number}", beneficiary=person_id(f"xhs:friend{number}")) for number in range(20)
        )
        wait_until(lambda: len(healthy.received) >= 21)
        for number, step_ms in enumerate(STEPS_MS):
            clock.set(clock.now_ms() + round(step_ms * 1.2) + 1)
            wait_until(lambda number=number: _attempts(system, dead, 22) == {number + 1})
        wait_until(lambda: ("reward.revoked", "rwd_a") in {(kind, reward) for _, kind, reward in healthy.received})
        assert len(healthy.rewards()) == 21
        wait_until(lambda: _by_url(system)[healthy.url]["waiting"] == 0)
        listed = _by_url(system)
        assert listed[healthy.url]["failing_since"] is None
        assert listed[healthy.url]["last_success_at"] >= listed[healthy.url]["last_failure_at"]
        assert (listed[missing.url]["last_success_at"], listed[missing.url]["last_failure"]) == (None, "connection")
        items = _deliveries(system, dead, status="failed")
        assert {(one["attempts"], one["next_attempt_at"]) for one in items} == {(10, None)}
        assert all("ConnectError" in one["excerpt"] for one in items)
        assert len(items) == 22


def _deliveries(system: RewardDispatcher, webhook: str, **query: str) -> list[dict[str, Any]]:
    answer = system.client.get(f"/v1/webhooks/{webhook}/deliveries", params={"limit": "1000", **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def _attempts(system: RewardDispatcher, webhook: str, count: int) -> set[int] | None:
    """How often each message was attempted, once there are so many messages."""
    items = _deliveries(system, webhook)
    return {one["attempts"] for one in items} if len(items) == count else None


def _by_url(system: RewardDispatcher) -> dict[str, dict[str, Any]]:
    items = system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]
    return {one["url"]: one for one in items}


def test_a_new_webhook_gets_nothing_of_the_past_from_a_worker_that_is_behind(
    settings: Settings, environ: dict[str, str]
) -> None:
    """Registered while the worker was down: it gets what is recorded from then on, not the codes of earlier rewards."""
    with (
        run_receiver() as receiver,
        serve_reward_dispatcher(settings, environ) as system,
        _folds(system),
    ):
        system.write_rewards([grant("rwd_past", beneficiary=person_id("xhs:bo"))])
        wait_until(lambda: [one["status"] for one in system.wallet("xhs:bo")] == ["fulfilled"])
        _register(system, receiver)
        system.write_rewards(
            [grant("rwd_new", beneficiary=person_id("xhs:bo"))]
        )  # in the same partition, so it is read later
        with run_module(system.environ, "reward_dispatcher", "worker"):
            wait_until(lambda: "rwd_new" in receiver.rewards())
        assert {reward for _, _, reward in receiver.received} == {"rwd_new"}


def test_a_message_names_the_beneficiary_until_they_are_erased(settings: Settings, environ: dict[str, str]) -> None:
    """By the platform's own id; from the erasure on by their person id alone."""
    friend = person("xhs:friend1")
    with (
        run_receiver() as receiver,
        serve_reward_dispatcher(settings, environ, reward_terms(), friend) as system,
        _folds(system),
        run_module(system.environ, "reward_dispatcher", "worker"),
    ):
        _register(system, receiver)
        system.write_rewards([grant("rwd_before", beneficiary=friend.id)])
        wait_until(lambda: "rwd_before" in receiver.rewards())
        erase_person(settings, friend.id)
        wait_until(lambda: system.client.get("/v1/rewards/rwd_before").json()["external_id"] is None)
        numbers = iter(range(1000))

        def data_of_another() -> dict[str, object] | None:
            reward = f"rwd_{next(numbers)}"
            system.write_rewards([grant(reward, beneficiary=friend.id)])
            wait_until(lambda: reward in receiver.rewards())
            return receiver.data[reward] if receiver.data[reward]["erased"] else None

        after, before = wait_until(data_of_another), receiver.data["rwd_before"]
    assert (before["beneficiary"], before["external_id"], before["erased"]) == (friend.id, "xhs:friend1", False)
    assert (after["beneficiary"], after["external_id"], after["erased"]) == (friend.id, None, True)


def test_the_clock_ticks_once_per_interval_in_every_partition(settings: Settings, environ: dict[str, str]) -> None:
    """Two workers write the same ticks: same time, same id, in records of their own, in every partition of `events`."""
    quick = {**environ, "REFERRAL_TICK_SECONDS": "1"}
    with run_module(quick, "reward_dispatcher", "worker"), run_module(quick, "reward_dispatcher", "worker"):
        ticks = wait_until(lambda: _ticks(settings, 3))
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
