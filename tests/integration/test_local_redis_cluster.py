"""The local Redis Cluster: it starts, moves slots, survives the end of a master, and continues on its data."""

from pathlib import Path

import pytest
from redis.crc import key_slot

from referral_tools.stack.redis_cluster import LocalRedisCluster
from referral_tools.stack.redis_cluster_node import ClusterNode
from referral_tools.stack.security import create_security

pytestmark = pytest.mark.integration

KEYS = [f"{{tag}}:{number}" for number in range(250)]
SLOT = key_slot(b"tag")


@pytest.fixture(params=["open", "secured"])
def cluster(tmp_path: Path, request: pytest.FixtureRequest) -> LocalRedisCluster:
    """Returns a cluster that is not started, with and without TLS and users."""
    security = create_security(tmp_path / "security") if request.param == "secured" else None
    return LocalRedisCluster(tmp_path / "cluster", security=security)


def read(node: ClusterNode) -> list[str | None]:
    """Returns the values of all keys at a node. Raises an error if it does not serve them."""
    return node.client.mget(KEYS)


def test_keys_outlive_moves_failovers_and_restarts(cluster: LocalRedisCluster) -> None:
    """The master of a slot changes by a move and by the end of a master; every key keeps its value."""
    with cluster:
        source = cluster.master_of(SLOT)
        source.client.mset({key: key for key in KEYS})
        target = cluster.other_master(source)
        cluster.move_slot(SLOT, target)
        assert cluster.master_of(SLOT) is target
        assert read(target) == KEYS
        target.client.wait(1, 5_000)
        replica = cluster.replica_of(target)
        cluster.kill(target)
        cluster.await_served()
        assert cluster.master_of(SLOT) is replica
        assert read(replica) == KEYS
        cluster.start_again(target)
        cluster.await_complete()
        assert cluster.replica_of(replica) is target
    assert not any(node.alive for node in cluster.nodes)
    with cluster:
        assert read(cluster.master_of(SLOT)) == KEYS
