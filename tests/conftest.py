"""Where tests get a broker and a Redis from: containers where a Docker engine answers, else the local stack. The same tests."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from kafka.cluster import ClusterMetadata
from redis import Redis
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from referral.config import Settings
from referral.log.topic_admin import ensure_topics
from referral_tools.stack.stack import Stack

# A test's broker lives for seconds or minutes: it is not worth to compile it as one that serves for months. Half its work.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
# A dozen processes start from the same modules: compile each once, whatever the shell says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# kafka-python 3.0.12 does not hand on `retry_backoff_ms`: a new client waits a tenth of a second before its first question,
# and each test has several.
ClusterMetadata.DEFAULT_CONFIG["retry_backoff_ms"] = 10

# Tests share their machine with brokers and with each other: how long one takes says nothing of what it guards.
hypothesis.settings.register_profile("busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("busy")

SIGNING_KEY = "a signing key that only tests use, long enough"
_databases = count(1)


class BySystem(LoadFileScheduling):
    """A module's tests stay with one worker, and so do all chaos tests: they share a running system."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "chaos" if file.startswith("tests/chaos/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BySystem:
    """Who runs which tests, where several workers do (`-n`)."""
    return BySystem(config, log)


def _docker_answers() -> bool:
    import docker

    try:
        docker.from_env(timeout=2).ping()
    except Exception:  # noqa: BLE001 - no engine, whatever the reason
        return False
    return True


def _backend() -> str:
    """`TESTS_BACKEND` = containers, local or auto (the default: containers where an engine answers)."""
    wanted = os.environ.get("TESTS_BACKEND", "auto")
    return ("containers" if _docker_answers() else "local") if wanted == "auto" else wanted


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(bootstrap servers, Redis URL without a database) of a broker and a Redis that last for the session."""
    if _backend() == "local":
        with Stack(tmp_path_factory.mktemp("stack"), var=Path("var")) as stack:
            yield stack.kafka, stack.redis.removesuffix("/0")
        return
    from testcontainers.community.kafka import KafkaContainer
    from testcontainers.community.redis import RedisContainer

    kafka = KafkaContainer("confluentinc/cp-kafka:7.9.0").with_kraft()
    redis = RedisContainer("redis:7.0-bookworm").with_command("redis-server --databases 256")
    with kafka, redis:
        address = f"redis://{redis.get_container_host_ip()}:{redis.get_exposed_port(6379)}"
        yield kafka.get_bootstrap_server(), address


@pytest.fixture(scope="session")
def mortal_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker and a Redis of this machine, beside those that all tests share."""
    with Stack(tmp_path_factory.mktemp("mortal"), var=Path("var")) as stack:
        yield stack


@pytest.fixture
def mortal(mortal_stack: Stack) -> Stack:
    """A broker and a Redis that the test may kill, and need not start again; Redis is empty."""
    if not mortal_stack.kafka_process.alive:
        mortal_stack.start_kafka()
    if not mortal_stack.redis_process.alive:
        mortal_stack.start_redis()
    with Redis.from_url(mortal_stack.redis) as client:
        client.flushall()
    return mortal_stack


@pytest.fixture
def topic_prefix() -> str:
    """A prefix of its own for each test's topics and groups."""
    return f"t{uuid4().hex[:12]}."


@pytest.fixture
def redis_url(backend: tuple[str, str]) -> Iterator[str]:
    """The URL of an empty database of its own."""
    url = f"{backend[1]}/{1 + next(_databases) % 60}"
    with Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture
def redis(redis_url: str) -> Iterator["Redis"]:
    """A client of the test's own database."""
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def environ(backend: tuple[str, str], redis_url: str, topic_prefix: str) -> dict[str, str]:
    """REFERRAL_* variables of a system of the test's own; its topics are not made yet."""
    return {
        "REFERRAL_KAFKA": backend[0],
        "REFERRAL_REDIS": redis_url,
        "REFERRAL_TOPIC_PREFIX": topic_prefix,
        "REFERRAL_SIGNING_KEY": SIGNING_KEY,
        "REFERRAL_PARTITIONS": "4",
        "REFERRAL_WEBHOOK_LOOPBACK": "true",
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    """Settings of a system of the test's own, with its topics made."""
    made = Settings.from_env(environ)
    ensure_topics(made)
    return made
