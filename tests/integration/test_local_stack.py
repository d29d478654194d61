"""The local stack: a real broker and Redis that come, lose nothing when they are killed, and leave nothing behind."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from redis import Redis

from referral_tools.stack.ports import free_ports
from referral_tools.stack.process import ProcessUnhealthy
from referral_tools.stack.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

TOPIC = "words"
# Starts a stack in the folder it is given, writes a key, says which processes that makes, and waits for its end.
STARTER = """
import json, sys, time
from pathlib import Path
from redis import Redis
from referral_tools.stack.stack import Stack
stack = Stack(Path(sys.argv[1])).start()
Redis.from_url(stack.redis).set("kept", "yes")
print(json.dumps([stack.kafka_process.pid, stack.redis_process.pid]), flush=True)
time.sleep(120)
"""


@dataclass(frozen=True)
class Started:
    """A process that has started a stack, and the stack's processes."""

    home: Path
    process: "subprocess.Popen[bytes]"
    children: list[psutil.Process]


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Somebody with a stack up; what is left of them is killed."""
    home = tmp_path_factory.mktemp("started")
    with subprocess.Popen([sys.executable, "-c", STARTER, str(home)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        children = [psutil.Process(pid) for pid in json.loads(process.stdout.readline())]
        yield Started(home, process, children)
        for one in (*children, process):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


@pytest.fixture
def stack(mortal: Stack) -> Stack:
    """A stack with one topic: these tests kill it."""
    admin = KafkaAdminClient(bootstrap_servers=mortal.kafka)
    if TOPIC not in admin.list_topics():
        admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    admin.close()
    return mortal


def write(stack: Stack, word: bytes) -> int:
    """Appends a record, waits until it is durable; gives its offset."""
    producer = KafkaProducer(bootstrap_servers=stack.kafka, acks="all")
    try:
        return int(producer.send(TOPIC, word).get(timeout=150).offset)
    finally:
        producer.close()


def read(stack: Stack, offset: int) -> bytes:
    """The record at an offset."""
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka, consumer_timeout_ms=20_000)
    try:
        consumer.assign([TopicPartition(TOPIC, 0)])
        consumer.seek(TopicPartition(TOPIC, 0), offset)
        return bytes(next(consumer).value)
    finally:
        consumer.close()


def test_a_record_and_a_key_come_back(stack: Stack) -> None:
    """What answers is a broker and a Redis, not merely ports."""
    assert read(stack, write(stack, b"hello")) == b"hello"
    with Redis.from_url(stack.redis) as redis:
        redis.set("greeting", "hello")
        assert redis.get("greeting") == b"hello"


def test_redis_refuses_to_forget(stack: Stack) -> None:
    """State is never evicted: a full Redis says so instead."""
    with Redis.from_url(stack.redis) as redis:
        assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_killed_broker_comes_back_on_its_port_with_its_records(stack: Stack) -> None:
    """What was acked is there after SIGKILL, and offsets go on."""
    offset = write(stack, b"before the kill")
    stack.kafka_process.kill()
    assert not stack.kafka_process.alive
    stack.start_kafka()
    assert read(stack, offset) == b"before the kill"
    assert write(stack, b"after") == offset + 1


def test_a_killed_redis_comes_back_on_its_port_with_its_keys(stack: Stack) -> None:
    """A process's death loses no write: the append-only file was written, if not yet synced to the disk."""
    with Redis.from_url(stack.redis) as redis:
        redis.set("kept", "yes")
        # While a sync of the file is under way, Redis holds writes back for up to two seconds (appendfsync everysec).
        wait_until(lambda: redis.info("persistence")["aof_buffer_length"] == 0)
    stack.redis_process.kill()
    stack.start_redis()
    with Redis.from_url(stack.redis) as redis:
        assert redis.get("kept") == b"yes"


def test_a_broker_that_cannot_start_says_why_and_takes_redis_with_it(tmp_path: Path) -> None:
    """The end of the broker's log is in the error, and nothing half-started stays."""
    stack = Stack(tmp_path)
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "meta.properties").write_text("version=1\ncluster.id=another\nnode.id=7\n")
    with pytest.raises(ProcessUnhealthy, match=r"kafka ended with status \d+(?s:.*)node.id"):
        stack.start()
    assert not stack.redis_process.alive


def test_nothing_stays_when_the_one_who_started_it_is_killed(starter: Started) -> None:
    """SIGKILL leaves its victim no chance to clean up; broker and Redis end all the same."""
    starter.process.kill()
    assert psutil.wait_procs(starter.children, timeout=150)[1] == []


def test_it_starts_again_on_its_data_where_its_base_says_and_leaves_no_process(starter: Started) -> None:
    """`Stack` twice over one folder: the second finds what the first wrote, though its ports are others; `with` ends it."""
    base = free_ports(1)[0] - 92
    with Stack(starter.home, base) as again:
        assert again.kafka == f"127.0.0.1:{base + 92}"
        assert again.redis == f"redis://127.0.0.1:{base + 79}/0"
        pids = [again.kafka_process.pid, again.redis_process.pid]
        with Redis.from_url(again.redis) as redis:
            assert redis.get("kept") == b"yes"
    assert not any(psutil.pid_exists(pid) for pid in pids)
