"""The delivery worker without Kafka or Redis."""

import signal
import socket

import httpx
import pytest
from kafka import KafkaAdminClient

from referral.config import Settings
from referral.log.topic_admin import ensure_topics
from referral_tools.stack.ports import free_ports
from referral_tools.stack.stack import Stack
from referral_tools.system import is_reachable
from tests.support.builders.reward_dispatcher import grant
from tests.support.processes import start_module, stop_process
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def test_a_worker_without_kafka_exits_after_sigterm(mortal: Stack, environ: dict[str, str]) -> None:
    """Faust alone would retry its commit for ever."""
    [port] = free_ports(1)
    mine = {"REFERRAL_KAFKA": mortal.kafka, "REFERRAL_REDIS": mortal.redis, "REFERRAL_METRICS_PORT": str(port)}
    settings = Settings.from_env(environ | mine)
    ensure_topics(settings)
    process = start_module(environ | mine, "reward_dispatcher", "worker")
    try:
        wait_until(lambda: is_reachable(f"http://127.0.0.1:{port}/readyz"))
        with httpx.Client() as client:
            _make_busy(RewardDispatcher(settings, environ, client))
        mortal.kafka_process.terminate()
        process.send_signal(signal.SIGTERM)
        process.wait(150)
    finally:
        stop_process(process)


def test_a_worker_whose_redis_hangs_is_not_ready(settings: Settings, environ: dict[str, str]) -> None:
    """It schedules messages, but cannot read what is due. Its probe names the part, within its own time limit."""
    [port] = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as hung:
        redis = f"redis://127.0.0.1:{hung.getsockname()[1]}/0"
        mine = {"REFERRAL_REDIS": redis, "REFERRAL_METRICS_PORT": str(port)}
        process = start_module(environ | mine, "reward_dispatcher", "worker")
        try:
            found = wait_until(lambda: _checks(port))
        finally:
            stop_process(process)
    ready = dict.fromkeys(("delivery", "progress", "catalog"), "ok")
    assert found == ready | {"redis": "Redis does not respond: TimeoutError"}


def _checks(port: int) -> dict[str, str] | None:
    """Returns the checks of the probe once delivery and catalog are ready."""
    try:
        checks: dict[str, str] = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).json()["checks"]
    except httpx.TransportError:
        return None
    return checks if checks["delivery"] == checks["catalog"] == "ok" else None


def _make_busy(system: RewardDispatcher) -> None:
    """Writes rewards until the worker has committed some, and then some more, which it has not committed yet."""
    group = f"{system.settings.topic_prefix}delivery"
    numbers = iter(range(10_000))
    admin = KafkaAdminClient(bootstrap_servers=system.settings.kafka)
    while not admin.list_group_offsets(group)[group]:
        system.write_rewards([grant(f"rwd_{next(numbers)}")])
    admin.close()
    for _ in range(20):
        system.write_rewards([grant(f"rwd_{next(numbers)}")])
