"""The way from one Redis to a cluster that docs/scaling.md shows: the states are copied, and folds continue with them."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from referral.fold.state_store import RedisStateStore, StateChange, StateRequest
from referral.redis_client import servers_of
from referral.redis_cluster.cluster_client import ClusterClient
from referral_tools.stack.ports import free_ports
from referral_tools.stack.redis_cluster import LocalRedisCluster
from referral_tools.stack.redis_server import redis_answers, redis_process
from tests.support.redis_states import fold_states

pytestmark = pytest.mark.integration

PARTITIONS = range(8)
VALUES = {f"person{number}": b"state %d" % number for number in range(50)}


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Redis]:
    """Yields a client of one Redis server."""
    (port,) = free_ports(1)
    process = redis_process("old", tmp_path, port, None, {}).start()
    with Redis(port=port) as client:
        process.wait_healthy(lambda: redis_answers(client), 30)
        yield client
    process.terminate()


def _command(old: Redis, cluster: LocalRedisCluster) -> list[str]:
    """The documented command, with the addresses of this test."""
    (line,) = re.findall(r"^redis-cli --cluster import .*$", Path("docs/scaling.md").read_text("utf-8"), re.MULTILINE)
    port = old.connection_pool.connection_kwargs["port"]
    return line.replace("new-1:6379", cluster.nodes[0].address).replace("old:6379", f"127.0.0.1:{port}").split()


def test_states_fences_and_timers_are_copied_and_a_fold_continues(
    old: Redis, redis_cluster: LocalRedisCluster, cluster_client: ClusterClient
) -> None:
    """What the one server has, the cluster has; the fence there admits the next batch, and the one server is unchanged."""
    change = StateChange(b"", b"fence", VALUES, {})
    assert all(RedisStateStore(old, "ct", "attribute").apply(dict.fromkeys(PARTITIONS, change)).values())
    old.zadd("ct:{attribute-3}:timers", {"person1": 7, "person2": 5})
    before = fold_states(old)
    done = subprocess.run(_command(old, redis_cluster), capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    copied = {name: value for server in servers_of(cluster_client) for name, value in fold_states(server).items()}
    assert copied == before == fold_states(old)
    states = RedisStateStore(cluster_client, "ct", "attribute")
    assert states.fences(list(PARTITIONS)) == dict.fromkeys(PARTITIONS, b"fence")
    assert states.apply({3: StateChange(b"fence", b"next", {"person1": b"changed"}, {})}) == {3: True}
    assert states.load({3: StateRequest(("person1",))})[3].values == {"person1": b"changed"}
