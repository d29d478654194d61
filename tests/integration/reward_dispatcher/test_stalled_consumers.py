"""A consumer that is behind and does not move is not ready, and then ends so that its supervisor starts it again."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from kafka import KafkaConsumer

from referral.config import Settings
from referral.log.progress_watch import RESTART_STATUS
from referral.topics import REWARDS, Topic
from referral_tools.stack.ports import free_ports
from tests.support.builders.participants import person_id
from tests.support.builders.reward_dispatcher import grant
from tests.support.fork_server import ChildProcess
from tests.support.processes import run_module, start_module, stop_process
from tests.support.systems import stuck_consumer
from tests.support.systems.reward_dispatcher import MODULE, RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import run_receiver

pytestmark = pytest.mark.integration
LIMIT_S = "8"


def _reason(port: int) -> str | None:
    """Returns why the process is not ready by its progress; None while it is, or does not respond yet."""
    reason = _check(port, "progress")
    return reason if reason != "ok" else None


def _check(port: int, name: str) -> str | None:
    """Returns the result of a readiness check; None if the process does not respond yet."""
    try:
        checks: dict[str, str] = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).json()["checks"]
    except httpx.TransportError:
        return None
    return checks[name]


def _gauge(port: int, name: str) -> float:
    """Returns the sum of a gauge's series; 0 if there is none, or the process does not respond."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except httpx.TransportError:
        return 0
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


def _expect_restart(process: ChildProcess, port: int) -> None:
    reason = wait_until(lambda: _reason(port))
    assert "records wait, and none was processed for" in reason
    assert _gauge(port, "referral_consumer_stalled_seconds") > 0
    assert process.wait(150) == RESTART_STATUS


def test_a_stuck_delivery_worker_restarts_itself_and_then_delivers(settings: Settings, environ: dict[str, str]) -> None:
    """It has its partitions, gets no record, and would say ready for ever; nothing is lost."""
    [port] = free_ports(1)
    mine = {**environ, "REFERRAL_METRICS_PORT": str(port), "REFERRAL_STALL_SECONDS": LIMIT_S, "REFERRAL_WORKER": "one"}
    with (
        run_receiver() as receiver,
        serve_reward_dispatcher(settings, environ) as system,
        run_module(system.environ, MODULE, "fold", "ledger"),
        run_module(system.environ, MODULE, "fold", "deliveries"),
    ):
        made = system.client.post("/v1/webhooks", json={"program": "prg_glow", "url": receiver.url}).json()
        receiver.secret, receiver.public_key = made["secret"], made["public_key"]
        _write(system)
        stuck = start_module(mine, stuck_consumer.__name__, "worker")
        try:
            wait_until(lambda: _gauge(port, "referral_delivery_lag_records") > 0)
            _expect_restart(stuck, port)
        finally:
            stop_process(stuck)
        with run_module(mine, MODULE, "worker"):
            wait_until(lambda: len(receiver.rewards()) == 10)
            wait_until(lambda: _gauge(port, "referral_delivery_lag_records") == 0)
            assert _reason(port) is None


def test_a_stuck_fold_restarts_itself_and_then_folds(settings: Settings, environ: dict[str, str]) -> None:
    """Its own connection knows of no record; the watch reads the ends of the topic itself."""
    [port] = free_ports(1)
    mine = {**environ, "REFERRAL_METRICS_PORT": str(port), "REFERRAL_STALL_SECONDS": LIMIT_S, "REFERRAL_WORKER": "one"}
    with serve_reward_dispatcher(settings, environ) as system:
        _write(system)
        stuck = start_module(mine, stuck_consumer.__name__, "fold", "ledger")
        try:
            _expect_restart(stuck, port)
        finally:
            stop_process(stuck)
        with run_module(mine, MODULE, "fold", "ledger"):
            wait_until(lambda: system.summary()["by_status"]["fulfilled"] == 10)  # type: ignore[index]


def test_a_fold_whose_group_never_answers_its_join_is_not_ready_and_restarts_itself(
    settings: Settings, environ: dict[str, str]
) -> None:
    """The broker answers once every member has joined again: one that does not, and is believed to live, delays all others."""
    [port] = free_ports(1)
    mine = {**environ, "REFERRAL_METRICS_PORT": str(port), "REFERRAL_STALL_SECONDS": LIMIT_S, "REFERRAL_WORKER": "one"}
    with serve_reward_dispatcher(settings, environ) as system, _silent_member(settings, "ledger", REWARDS):
        _write(system)
        waiting = start_module(mine, MODULE, "fold", "ledger")
        try:
            wait_until(lambda: _check(port, "ledger") == "no partitions assigned yet")
            _expect_restart(waiting, port)
        finally:
            stop_process(waiting)


@contextmanager
def _silent_member(settings: Settings, group: str, topic: Topic) -> Iterator[None]:
    """Has joined the group of a fold, and does not join again."""
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka,
        group_id=settings.topic_prefix + group,
        enable_auto_commit=False,
        session_timeout_ms=300_000,
        request_timeout_ms=310_000,
    )
    try:
        consumer.subscribe([settings.topic_prefix + topic.name])
        wait_until(lambda: consumer.poll(timeout_ms=200) or consumer.assignment())
        yield
    finally:
        consumer.close(autocommit=False, timeout_ms=1000)


def _write(system: RewardDispatcher) -> None:
    system.write_rewards(grant(f"rwd_{number}", beneficiary=person_id(f"xhs:friend{number}")) for number in range(10))
