"""Folds on a Redis Cluster while slots move and masters end: their states are those of folds that nothing happened to."""

import itertools
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from redis.exceptions import RedisError

from referral.fold.state_keys import fence_key, key_prefix
from referral.fold.state_store import RedisStateStore
from referral.redis_cluster.cluster_client import ClusterClient
from referral_tools.stack.redis_cluster import LocalRedisCluster
from tests.support.redis_servers import cluster_retries, matching_keys
from tests.support.scenarios.word_pipeline import PARTITIONS, FirstUses, UseCounts, WordPipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

FOLDS = ("first_uses", "use_counts")
PREFIXES = [key_prefix("t", fold, partition) for fold in FOLDS for partition in range(PARTITIONS)]


class ClusterFolds:
    """Both folds of the word pipeline on a cluster, fed with words; the same words are folded in memory for comparison."""

    def __init__(self, client: ClusterClient) -> None:
        self._client = client
        self._expected = WordPipeline()
        self.pipeline = WordPipeline()
        self.pipeline.states = {fold: RedisStateStore(client, "t", fold) for fold in FOLDS}  # type: ignore[assignment]
        self.workers = [self.pipeline.worker(FirstUses()), self.pipeline.worker(UseCounts())]
        self._numbers = itertools.count()

    def feed(self) -> None:
        """Appends words: new ones of people who are new, too, and some of them again."""
        said = [(f"person{number // 3}", f"word{number}") for number in itertools.islice(self._numbers, 20)]
        for pipeline in (self.pipeline, self._expected):
            pipeline.append_words(*said, *said[::3])

    def run_once(self) -> None:
        """A round of each worker; one that fails starts again from its fences, as in its process."""
        for worker in self.workers:
            try:
                worker.run_once(0)
            except RedisError:
                worker.reset()

    def run_until(self, condition: Callable[[], object]) -> None:
        """Feeds and runs the workers until the condition holds."""

        def step() -> object:
            self.feed()
            self.run_once()
            return condition()

        wait_until(step, every=0)

    def run_to_end(self) -> None:
        """Runs the workers until all states are as expected; fails if they do not become so."""
        self._expected.drain()

        def is_equal() -> bool:
            self.run_once()
            return self.states() == self.expected_states()

        wait_until(is_equal, timeout=150, every=0.01)

    def states(self) -> dict[str, bytes]:
        """All value states in Redis, by key."""
        found: dict[str, bytes] = {}
        for key in matching_keys(self._client, "t:*"):
            raw = None if key.endswith((b":fence", b":timers")) else self._client.get(key)
            if raw is not None:
                found[key.decode()] = raw
        return found

    def expected_states(self) -> dict[str, bytes]:
        """The same in memory."""
        return {
            key_prefix("t", fold, partition) + key: raw
            for fold in FOLDS
            for partition, values in self._expected.states[fold].values.items()
            for key, raw in values.items()
        }


@pytest.fixture
def folds(cluster_client: ClusterClient) -> ClusterFolds:
    """Returns folds that have folded some words."""
    made = ClusterFolds(cluster_client)
    for _ in range(5):
        made.feed()
        made.run_once()
    return made


def test_slots_move_while_folds_apply(redis_cluster: LocalRedisCluster, folds: ClusterFolds) -> None:
    """Those of all partitions; in each move the folds meet keys that are on both nodes, on the other, and moved for good."""
    with ThreadPoolExecutor() as pool:
        moving = pool.submit(move_slots, redis_cluster)
        folds.run_until(moving.done)
        moving.result()
    folds.run_to_end()


def move_slots(cluster: LocalRedisCluster) -> None:
    """Moves the slots of all partitions; goes on with each move when a command has met its present state."""
    for prefix in PREFIXES:
        move = cluster.move_of_key(prefix)
        with met("try_again"):
            move.begin()
        with met("ask"):
            while move.move_keys(7):
                pass
        with met("moved"):
            move.finish()


@contextmanager
def met(reason: str) -> Iterator[None]:
    """Leaves the block when, since its beginning, a command was sent again for this reason."""
    before = cluster_retries(reason)
    yield
    wait_until(lambda: cluster_retries(reason) > before)


def test_a_replica_takes_over_while_folds_apply(redis_cluster: LocalRedisCluster, folds: ClusterFolds) -> None:
    """Each master that serves a partition ends in turn. The new one has no scripts."""
    before = cluster_retries("no_script")
    for master in dict.fromkeys(map(redis_cluster.master_of_key, PREFIXES)):
        with met("disconnected"), ThreadPoolExecutor() as pool:
            redis_cluster.kill(master)
            served = pool.submit(redis_cluster.await_served)
            folds.run_until(served.done)
            served.result()
        folds.run_until(lambda: True)
        redis_cluster.start_again(master)
        redis_cluster.await_complete()
    assert cluster_retries("no_script") > before
    folds.run_to_end()


def test_a_replica_without_the_last_writes_takes_over(
    redis_cluster: LocalRedisCluster, cluster_client: ClusterClient, folds: ClusterFolds
) -> None:
    """Writes that the master acknowledged are lost: the folds start again from the fence that is left, and nothing is doubled."""
    fence = fence_key("t", "first_uses", 0)
    master = redis_cluster.master_of_key(fence)
    replica = redis_cluster.replica_of(master)
    master.client.wait(1, 5_000)
    replica.process.signal(signal.SIGSTOP)
    master.client.client_kill_filter(_type="replica")
    left = cluster_client.get(fence)
    for _ in range(5):
        folds.feed()
        folds.run_once()
    assert cluster_client.get(fence) != left
    redis_cluster.kill(master)
    replica.process.signal(signal.SIGCONT)
    redis_cluster.await_served()
    assert cluster_client.get(fence) == left
    folds.run_until(lambda: True)
    folds.run_to_end()
