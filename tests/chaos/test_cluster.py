"""Three brokers, a Redis Cluster, two workers a fold: a campaign is played while one of each is killed and a slot is moved."""

from collections.abc import Iterator, Mapping
from itertools import islice

import pytest

from tests.support.chaos.attacked_cluster import AttackedCluster
from tests.support.chaos.attacked_system import FOLDS
from tests.support.chaos.event_feed import EventFeed
from tests.support.waiting import wait_until_equal

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedCluster]:
    """Yields the system."""
    with AttackedCluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def world(cluster: AttackedCluster) -> Iterator[AttackedCluster]:
    """Yields the system with a new program; afterwards everything runs as it should again."""
    cluster.new_program()
    yield cluster
    cluster.restore()


def _is_exact(world: AttackedCluster, feed: EventFeed) -> None:
    """Checks that every figure is the oracle's, and that a fold of the whole log gives the same states, byte for byte."""
    world.restore()
    actual, expected = world.figures(feed)
    assert actual == expected
    states = world.states()
    world.refold()
    wait_until_equal(lambda: _differences(states, world.states()), {})


def _differences(before: Mapping[bytes, object], after: Mapping[bytes, object]) -> dict[bytes, tuple[object, object]]:
    """Up to five states that are not the same, with both values."""
    names = (name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name))
    return {name: (before.get(name), after.get(name)) for name in islice(names, 5)}


def test_nothing_is_lost_or_doubled_while_one_of_each_is_killed_and_a_slot_is_moved(
    world: AttackedCluster, feed: EventFeed
) -> None:
    """A worker of each fold, a Redis master ahead of its replica, a broker, a service, one after the other, each amid events."""
    feed.pace_s = 0.05
    deaths = world.deaths
    faults = (
        world.kill_a_worker_of_each_fold,
        world.kill_master_that_was_ahead_of_its_replica,
        world.move_slot,
        world.kill_broker,
        world.kill_server,
    )
    world.attack_in_turn(feed, faults)
    assert world.deaths >= deaths + len(FOLDS)
    _is_exact(world, feed)


@pytest.mark.chaos_long
def test_nothing_is_lost_or_doubled_while_partitions_are_handed_over_and_each_broker_and_master_is_killed(
    world: AttackedCluster, feed: EventFeed
) -> None:
    """Three rounds: the second workers take all partitions, then what leads is killed, and the slot moves on."""
    feed.pace_s = 0.3
    faults = (
        lambda: world.hand_over_the_partitions_of("attribute", "ledger", "boards"),
        world.kill_broker,
        world.kill_master,
        world.kill_master_that_was_ahead_of_its_replica,
        world.move_slot,
        world.kill_server,
    )
    world.attack_in_turn(feed, faults * 3)
    _is_exact(world, feed)


@pytest.mark.chaos_long
def test_without_the_fence_a_write_that_redis_lost_is_missing(world: AttackedCluster, feed: EventFeed) -> None:
    """The harness notices: workers that do not compare the fence continue after a failover as if nothing had been lost."""
    workers = ("attribute", "attribute-2")
    for name in workers:
        world.restart(name, wrap=("tests.support.chaos.fold_mutation", "ignore_fence"))
    world.wait_until_ready(*workers)
    feed.pace_s = 0.05
    world.attack_in_turn(feed, [world.kill_master_that_was_ahead_of_its_replica])
    world.restore(except_for=workers)
    states = world.states()
    world.restore()
    world.refold()
    assert world.states() != states
