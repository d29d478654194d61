"""The client of a Redis Cluster: commands of any slots, slots that move, nodes that lose their scripts, fail, or are replaced."""

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis.exceptions import RedisError, ResponseError

from referral.config import Settings
from referral.fold.state_keys import fence_key, state_key, timers_key
from referral.fold.state_store import RedisStateStore, StateChange, StateRequest
from referral.http.health import redis_check
from referral.redis_client import connect_for_http
from referral.redis_cluster.cluster_client import ClusterClient
from referral_tools.stack.redis_cluster import LocalRedisCluster
from tests.support.redis_servers import cluster_retries, connect_to_redis, forget_scripts
from tests.support.settings import SIGNING_KEY
from tests.support.tiny_service import SMALL_BODIES, headers, tiny_service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

KEYS = [f"key:{number}" for number in range(300)]
FENCE, TIMERS = fence_key("t", "fold", 0), timers_key("t", "fold", 0)
NAMES = [f"state:{number}" for number in range(20)]
MEMBERS = {("members", name.removeprefix("state:")): 1.0 for name in NAMES}
FILLED = StateChange(
    b"", b"1", {name: name.encode() for name in NAMES}, {("timers", name): 1.0 for name in NAMES} | MEMBERS
)
CHANGE = StateChange(b"1", b"2", {"state:new": b"new", NAMES[0]: None}, {("timers", NAMES[0]): None})
CHANGED_VALUES = {name: raw for name, raw in FILLED.values.items() if name != NAMES[0]} | {"state:new": b"new"}


def load(store: RedisStateStore) -> object:
    """Returns the states, those of a group and a new one."""
    return store.load({0: StateRequest(["state:new"], groups=[("members", "state:", 0, False)])})[0].values


def due(store: RedisStateStore) -> object:
    """Returns the states that are due."""
    return store.due(0, 5).values


def apply(store: RedisStateStore) -> object:
    """Applies a change that adds a state and removes one. Returns whether it was applied."""
    return store.apply({0: CHANGE})[0]


@pytest.fixture
def other_client(redis_cluster: LocalRedisCluster, cluster_client: ClusterClient) -> ClusterClient:
    """Returns a second client of the same cluster, which learns of changes by itself."""
    client = connect_to_redis(redis_cluster.url)
    assert isinstance(client, ClusterClient)
    client.get("any")
    return client


def test_commands_of_all_slots_return_in_order_with_errors_in_their_places(cluster_client: ClusterClient) -> None:
    """One call reaches every master; a command that fails does not affect the others."""
    with cluster_client.pipeline(transaction=False) as pipeline:
        for key in KEYS:
            pipeline.set(key, key)
        assert pipeline.execute() == [True] * len(KEYS)
        for key in KEYS:
            pipeline.get(key)
        pipeline.lpush(KEYS[0], "x")
        *values, error = pipeline.execute(raise_on_error=False)
    assert values == [key.encode() for key in KEYS]
    assert isinstance(error, ResponseError)
    assert all(0 < server.dbsize() < len(KEYS) for server in cluster_client.masters())
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        cluster_client.lpush(KEYS[0], "x")


def test_a_command_without_a_slot_and_a_transaction_are_refused(cluster_client: ClusterClient) -> None:
    """They would silently concern one node only."""
    with pytest.raises(ValueError, match="masters"):
        cluster_client.flushdb()
    with pytest.raises(ValueError, match="transaction"):
        cluster_client.pipeline()


def test_a_node_that_lost_its_scripts_loads_them_when_they_are_called(cluster_client: ClusterClient) -> None:
    """Each by itself, in one call."""
    script = cluster_client.register_script("return redis.call('INCR', KEYS[1])")
    before = cluster_retries("no_script")
    for count in (1, 2):
        forget_scripts(cluster_client)
        with cluster_client.pipeline(transaction=False) as pipeline:
            for key in KEYS:
                pipeline.evalsha(script.sha, 1, key)
            assert pipeline.execute() == [count] * len(KEYS)
    assert script(["key:0"]) == 3
    assert cluster_retries("no_script") > before


def test_a_key_that_has_moved_already_is_found_on_the_other_node(
    redis_cluster: LocalRedisCluster, cluster_client: ClusterClient, other_client: ClusterClient
) -> None:
    """During the move by ASK, also where it is new; afterwards by MOVED, once for each client."""
    cluster_client.set("{tag}:old", "old")
    move = redis_cluster.move_of_key("{tag}")
    asked, moved = cluster_retries("ask"), cluster_retries("moved")
    move.begin()
    move.move("{tag}:old")
    with cluster_client.pipeline(transaction=False) as pipeline:
        pipeline.get("{tag}:old").set("{tag}:new", "new").get("{tag}:new").get("key:0")
        assert pipeline.execute() == [b"old", True, b"new", None]
    assert cluster_retries("ask") - asked == 3
    move.move_keys()
    move.finish()
    assert [client.get("{tag}:new") for client in (cluster_client, other_client) for _ in range(3)] == [b"new"] * 6
    assert cluster_retries("moved") - moved == 2


@pytest.fixture
def nodes_without_hosts(redis_cluster: LocalRedisCluster) -> Iterator[None]:
    """Lets nodes prefer host names that they do not have: in their replies, the host of each is `?`."""
    for node in redis_cluster.nodes:
        node.client.config_set("cluster-preferred-endpoint-type", "hostname")
    yield
    for node in redis_cluster.nodes:
        node.client.config_set("cluster-preferred-endpoint-type", "ip")


@pytest.mark.usefixtures("nodes_without_hosts")
def test_a_node_whose_host_no_one_knows_has_that_of_the_node_that_names_it(
    redis_cluster: LocalRedisCluster, other_client: ClusterClient
) -> None:
    """In the map of slots, and in both redirections."""
    other_client.set("{tag}:key", "value")
    move = redis_cluster.move_of_key("{tag}")
    asked, moved = cluster_retries("ask"), cluster_retries("moved")
    move.begin()
    move.move_keys()
    assert other_client.get("{tag}:key") == b"value"
    move.finish()
    assert other_client.get("{tag}:key") == b"value"
    assert (cluster_retries("ask") - asked, cluster_retries("moved") - moved) == (1, 1)


@pytest.mark.parametrize(
    "moved_first",
    [[FENCE], [TIMERS], [FENCE, TIMERS], [FENCE, TIMERS, state_key("t", "fold", 0, NAMES[0])]],
    ids=["fence", "timers", "fence and timers", "fence, timers and a state"],
)
@pytest.mark.parametrize("call", [load, due, apply])
def test_a_half_moved_slot_is_read_and_written_as_a_whole(
    redis_cluster: LocalRedisCluster,
    cluster_client: ClusterClient,
    call: Callable[[RedisStateStore], object],
    moved_first: list[str],
) -> None:
    """Whatever is on which node: a load, the due states (whose keys no one can declare) and an apply wait for the rest.

    A state that is on the other node must never be taken for missing.
    """
    store = RedisStateStore(cluster_client, "t", "fold")
    assert store.apply({0: FILLED}) == {0: True}
    move = redis_cluster.move_of_key(FENCE)
    move.begin()
    move.move(*moved_first)
    before = cluster_retries("try_again")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(call, store)
        wait_until(lambda: cluster_retries("try_again") > before or running.done())
        assert not running.done()
        while move.move_keys():
            pass
        move.finish()
        assert running.result() == (True if call is apply else FILLED.values)
    assert load(store) == (FILLED.values if call is not apply else CHANGED_VALUES)


def test_a_replica_takes_over_for_folds_and_http_services(
    redis_cluster: LocalRedisCluster, cluster_client: ClusterClient
) -> None:
    """Folds wait for it; readiness has a reason until then, and passes afterwards."""
    http = connect_for_http(Settings(signing_key=SIGNING_KEY, redis=redis_cluster.url))
    assert redis_check(http)() is None
    cluster_client.set("{tag}:key", "value")
    master = redis_cluster.master_of_key("{tag}")
    master.client.wait(1, 5_000)
    redis_cluster.kill(master)
    wait_until(lambda: f"Redis at {master.address}," in (redis_check(http)() or ""))
    assert wait_until(lambda: read_or_none(cluster_client, "{tag}:key")) == b"value"
    assert http.get("{tag}:key") == b"value"
    wait_until(lambda: redis_check(http)() is None)


def read_or_none(client: ClusterClient, key: str) -> bytes | None:
    """Returns the value of a key; None while its node fails."""
    try:
        return client.get(key)
    except RedisError:
        return None


def test_a_cluster_that_is_down_is_a_503_and_not_ready(
    redis_cluster: LocalRedisCluster, cluster_client: ClusterClient
) -> None:
    """A master and its replica have ended: no node takes over. It is back without a restart of the service."""
    service = tiny_service(dataclasses.replace(SMALL_BODIES, redis=redis_cluster.url)).test_client()
    things, sent = "/v1/programs/prg_glow/things", {"number": 1}
    assert service.post(things, json=sent, headers=headers("writer", Idempotency_Key="before")).status_code == 201
    master = redis_cluster.nodes[0] if redis_cluster.nodes[0].is_master() else redis_cluster.nodes[3]
    pair = [master, redis_cluster.replica_of(master)]
    for node in pair:
        redis_cluster.kill(node)
    wait_until(lambda: not any(node.serves() for node in redis_cluster.nodes if node.alive))
    reason = service.get("/readyz").get_json()["checks"]["redis"]
    assert any(f"Redis at {node.address}," in reason for node in pair), reason
    refused = service.post(things, json=sent, headers=headers("writer", Idempotency_Key="after"))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert "Redis is unavailable" in refused.get_json()["detail"]
    for node in pair:
        redis_cluster.start_again(node)
    redis_cluster.await_complete()
    assert service.post(things, json=sent, headers=headers("writer", Idempotency_Key="after")).status_code == 201
    assert service.get("/readyz").get_json()["checks"]["redis"] == "ok"
