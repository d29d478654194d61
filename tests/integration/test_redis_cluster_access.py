"""A Redis Cluster with TLS and users, and clients that are sent to the wrong kind of Redis."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import NoPermissionError

from referral.config import Settings
from referral.fold.state_keys import fence_key
from referral.fold.state_store import RedisStateStore, StateChange
from referral.http.health import redis_check
from referral.redis_client import connect_for_folds, connect_for_http, servers_of
from referral_tools.stack.redis_cluster import LocalRedisCluster
from referral_tools.stack.security import StackSecurity, create_authority, create_security
from tests.support.settings import SIGNING_KEY

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def security(tmp_path_factory: pytest.TempPathFactory) -> StackSecurity:
    """Returns certificates and passwords."""
    return create_security(tmp_path_factory.mktemp("security"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, security: StackSecurity) -> Iterator[LocalRedisCluster]:
    """Yields a cluster that requires TLS and users."""
    with LocalRedisCluster(tmp_path_factory.mktemp("secured"), security=security) as running:
        yield running


def settings(cluster: LocalRedisCluster, security: StackSecurity, user: str) -> Settings:
    """Returns the settings of a process."""
    return Settings(signing_key=SIGNING_KEY, redis=cluster.url_of(user), redis_ca=str(security.ca))


def reason(settings: Settings) -> str:
    """Returns why Redis is not ready; empty if it is."""
    with connect_for_http(settings) as redis:
        return redis_check(redis)() or ""


def test_a_process_reaches_its_keys_on_every_master_and_no_others(
    cluster: LocalRedisCluster, security: StackSecurity
) -> None:
    """With the users of `referral redis acl`, on all nodes."""
    own = settings(cluster, security, "attribute")
    assert not reason(own)
    with connect_for_folds(own) as redis:
        store, partitions = RedisStateStore(redis, "ct", "attribute"), range(12)
        changes = {partition: StateChange(b"", b"1", {"a": b"x"}, {("timers", "a"): 1.0}) for partition in partitions}
        assert all(store.apply(changes).values())
        assert {store.due(partition, 5).values["a"] for partition in partitions} == {b"x"}
        assert set(store.fences(partitions).values()) == {b"1"}
        for partition in partitions:
            with pytest.raises(NoPermissionError):
                redis.get(fence_key("ct", "screen", partition))


def test_wrong_credentials_and_authorities_are_named(
    cluster: LocalRedisCluster, security: StackSecurity, tmp_path: Path
) -> None:
    """By readiness, as with one server."""
    create_authority(tmp_path / "other.pem")
    good = settings(cluster, security, "attribute")
    wrong = dataclasses.replace(good, redis=good.redis.replace("attribute:", "boards:"))
    assert "the user or the password of REFERRAL_REDIS" in reason(wrong)
    assert "REFERRAL_REDIS_CA" in reason(dataclasses.replace(good, redis_ca=str(tmp_path / "other.pem")))


def test_a_master_that_evicts_is_named(cluster: LocalRedisCluster, security: StackSecurity) -> None:
    """Any of them would break exactly-once."""
    good = settings(cluster, security, "attribute")
    for node in cluster.nodes[:3]:
        node.client.config_set("maxmemory-policy", "allkeys-lru")
        assert f"maxmemory-policy of Redis at {node.address} is allkeys-lru" in reason(good)
        node.client.config_set("maxmemory-policy", "noeviction")
    assert not reason(good)


def test_the_wrong_kind_of_redis_is_named(redis_url: str, redis_cluster: LocalRedisCluster) -> None:
    """The URL of a cluster that leads to one server, and the other way round."""
    server = Settings(signing_key=SIGNING_KEY, redis=redis_url)
    assert not reason(server)
    _, _, place = redis_url.partition("://")
    as_cluster = dataclasses.replace(server, redis=f"redis-cluster://{place.partition('/')[0]}")
    assert "write redis://" in reason(as_cluster)
    with connect_for_http(dataclasses.replace(server, redis=redis_cluster.url)) as redis:
        assert len(servers_of(redis)) == 3
    as_server = dataclasses.replace(server, redis=f"redis://{redis_cluster.nodes[0].address}/0")
    assert "write redis-cluster://" in reason(as_server)
