"""Fixtures for a broker and a Redis: containers if a Docker engine answers, otherwise the local stack; the tests are the same."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from kafka.cluster import ClusterMetadata
from redis import Redis
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from referral.config import Settings
from referral.http.context import Context
from referral.log.topic_admin import ensure_topics
from referral.redis_client import RedisClient
from referral.redis_cluster.cluster_client import ClusterClient
from referral_tools.stack import ports
from referral_tools.stack.kafka_cluster import LocalKafkaCluster
from referral_tools.stack.redis_cluster import LocalRedisCluster
from referral_tools.stack.stack import Stack
from tests.support.examples import register_profiles
from tests.support.redis_servers import connect_to_redis, empty
from tests.support.settings import SIGNING_KEY

# A test's broker lives for seconds or minutes: compiling it fully would be half of its work.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
# A dozen processes start from the same modules: compile each once, whatever the shell's setting.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A killed broker comes back on its port: a test of another worker must not be given it meanwhile.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
ports.FREE_PORTS = ports.FREE_PORTS[_worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
# kafka-python 3.0.12 does not pass on `retry_backoff_ms`: a new client waits a tenth of a second before its first request,
# and each test has several.
ClusterMetadata.DEFAULT_CONFIG["retry_backoff_ms"] = 10

register_profiles()
# httpx' own 5 s are too short on a machine that does much else. Product code names its limits, and so does a test of one.
for _part in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, _part, 60.0)

_databases = count(1)


class SystemScheduling(LoadFileScheduling):
    """Schedules all tests of a module to one worker, and all chaos tests to one, as they share a running system."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "chaos" if file.startswith("tests/chaos/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SystemScheduling:
    """Returns the scheduler of tests to workers (`-n`)."""
    return SystemScheduling(config, log)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Returns the id of bytes by their size: gzip writes the time into them, and all workers must collect the same tests."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, bytes) else None


def _docker_answers() -> bool:
    import docker

    try:
        docker.from_env(timeout=2).ping()
    except Exception:  # noqa: BLE001 - no engine, whatever the reason
        return False
    return True


def _backend() -> str:
    """Returns `containers` or `local`; TESTS_BACKEND chooses, by default containers if an engine answers."""
    wanted = os.environ.get("TESTS_BACKEND", "auto")
    return ("containers" if _docker_answers() else "local") if wanted == "auto" else wanted


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Yields (bootstrap servers, Redis URL without a database) of the session's broker and Redis."""
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
    """Yields a local broker and Redis beside those that all tests share."""
    with Stack(tmp_path_factory.mktemp("mortal"), var=Path("var")) as stack:
        yield stack


@pytest.fixture
def mortal(mortal_stack: Stack) -> Stack:
    """Returns a broker and an empty Redis that the test may kill and need not start again."""
    if not mortal_stack.kafka_process.alive:
        mortal_stack.start_kafka()
    if not mortal_stack.redis_process.alive:
        mortal_stack.start_redis()
    with Redis.from_url(mortal_stack.redis) as client:
        client.flushall()
    return mortal_stack


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRedisCluster]:
    """Yields a Redis Cluster that tests share, as a process of this machine in any case."""
    with LocalRedisCluster(tmp_path_factory.mktemp("redis-cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster_client(redis_cluster: LocalRedisCluster) -> Iterator[ClusterClient]:
    """Yields a client of the shared cluster, which is empty and complete: the test may kill nodes and move slots."""
    for node in redis_cluster.nodes:
        if not node.alive:
            redis_cluster.start_again(node)
    redis_cluster.await_complete()
    with connect_to_redis(redis_cluster.url) as client:
        assert isinstance(client, ClusterClient)
        empty(client)
        yield client


@pytest.fixture(scope="session")
def broker_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafkaCluster]:
    """Yields three local brokers beside the one that all tests share."""
    with LocalKafkaCluster(tmp_path_factory.mktemp("brokers"), var=Path("var")) as brokers:
        yield brokers


@pytest.fixture
def brokers(broker_cluster: LocalKafkaCluster) -> LocalKafkaCluster:
    """Returns three running brokers that the test may kill and need not start again."""
    broker_cluster.begin_start()
    broker_cluster.await_started()
    return broker_cluster


@pytest.fixture(autouse=True)
def _apps_end_with_their_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closes the apps that the test made: their threads would poll its Redis until the end of the session."""
    made: dict[int, Context] = {}
    register = Context.on_close

    def on_close(self: Context, close: Callable[[], None]) -> None:
        made[id(self)] = self
        register(self, close)

    monkeypatch.setattr(Context, "on_close", on_close)
    yield
    for one in made.values():
        one.close()


@pytest.fixture
def topic_prefix() -> str:
    """Returns a unique prefix for the test's topics and consumer groups."""
    return f"t{uuid4().hex[:12]}."


@pytest.fixture
def redis_kind(request: pytest.FixtureRequest) -> str:
    """Returns `server`, or TESTS_REDIS; a test marked with `on_both_kinds_of_redis` gets `server` and `cluster`."""
    kind: str = getattr(request, "param", os.environ.get("TESTS_REDIS", "server"))
    return kind


@pytest.fixture
def redis_url(redis_kind: str, request: pytest.FixtureRequest) -> str:
    """Returns the URL of an empty Redis for the test: a database of a server, or a cluster."""
    url: str = request.getfixturevalue(f"redis_{redis_kind}_url")
    return url


@pytest.fixture
def redis_cluster_url(redis_cluster: LocalRedisCluster, cluster_client: ClusterClient) -> str:
    """Returns the URL of the shared cluster, which is empty."""
    return redis_cluster.url


@pytest.fixture
def redis_server_url(backend: tuple[str, str]) -> Iterator[str]:
    """Yields the URL of an empty Redis database for the test."""
    url = f"{backend[1]}/{1 + next(_databases) % 60}"
    with Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture
def redis(redis_url: str) -> Iterator[RedisClient]:
    """Yields a client of the test's Redis."""
    with connect_to_redis(redis_url) as client:
        yield client


@pytest.fixture
def environ(backend: tuple[str, str], redis_url: str, topic_prefix: str) -> dict[str, str]:
    """Returns the REFERRAL_* variables of a system for the test; its topics do not exist yet."""
    return {
        "REFERRAL_KAFKA": backend[0],
        "REFERRAL_REDIS": redis_url,
        "REFERRAL_TOPIC_PREFIX": topic_prefix,
        "REFERRAL_SIGNING_KEY": SIGNING_KEY,
        "REFERRAL_PARTITIONS": "4",
        "REFERRAL_WEBHOOK_LOOPBACK": "true",
        "REFERRAL_ACK_TIMEOUT_MS": "20000",  # a busy machine is no outage; tests of outages use the default
        "REFERRAL_DIRECTORY": "memory",  # several services in one process: LMDB allows it to open a file once
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    """Returns the settings of a system for the test; its topics exist."""
    made = Settings.from_env(environ)
    ensure_topics(made, timeout_ms=60_000)
    return made
