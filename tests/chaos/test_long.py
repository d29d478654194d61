"""The long form: every fault by itself, at length. `make chaos` runs it; `make test` has the short one."""

import random
import signal
import time

import pytest

from tests.support.chaos.attacked_system import FOLDS, AttackedSystem
from tests.support.chaos.event_feed import EventFeed

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long]
_SESSION_S = 6  # after which the group gives a silent worker's partitions to another


def exact(world: AttackedSystem, feed: EventFeed) -> None:
    """Everything settled, and every figure the oracle's."""
    world.restore()
    actual, expected = world.figures(feed)
    assert actual == expected


def test_random_workers_killed_all_the_time(world: AttackedSystem, feed: EventFeed) -> None:
    """R1: SIGKILL of a random fold every half second."""
    chance = random.Random(11)
    deaths = world.deaths
    world.attack(feed, lambda: world.kill(chance.choice(FOLDS)), pause_s=0.5)
    exact(world, feed)
    assert world.deaths > deaths


@pytest.mark.parametrize("name", FOLDS)
def test_one_fold_dies_at_each_of_its_failpoints(world: AttackedSystem, feed: EventFeed, name: str) -> None:
    """R1: each fold by itself, often, before, amid and after producing and after applying."""
    points = ("after_load", "before_produce", "during_produce", "after_produce", "after_apply")
    world.restart(name, {"REFERRAL_FAILPOINTS": ",".join(f"{name}.{point}=kill:0.15" for point in points)})
    world.wait_until_ready(name)
    deaths = world.deaths
    world.attack(feed, lambda: None)
    exact(world, feed)
    assert world.deaths > deaths


def test_redis_wiped_three_times_the_last_after_the_last_event(world: AttackedSystem, feed: EventFeed) -> None:
    """R4: FLUSHALL amid the feed and once nothing comes any more: healed without traffic."""
    wipes = [2 / 3, 1 / 3]

    def inject_fault() -> None:
        if wipes and feed.progress > wipes[-1]:
            wipes.pop()
            world.flush()

    world.attack(feed, inject_fault)
    world.restore()
    world.flush()
    exact(world, feed)


def test_redis_killed_and_restarted_with_a_lost_tail(world: AttackedSystem, feed: EventFeed) -> None:
    """R4: SIGKILL of Redis with AOF everysec loses up to a second; the fences are older then, and the folds go back to them."""
    kills = [0.7, 0.3]

    def inject_fault() -> None:
        if kills and feed.progress > kills[-1]:
            kills.pop()
            world.system.stack.redis_process.kill()
            world.system.stack.start_redis()

    world.attack(feed, inject_fault)
    exact(world, feed)
    assert not kills


def test_the_broker_killed_and_restarted(world: AttackedSystem, feed: EventFeed) -> None:
    """R3: while the broker is away posts are answered 503 and repeated; afterwards everything is caught up."""
    kills = [0.3]

    def inject_fault() -> None:
        if kills and feed.progress > kills[-1]:
            kills.pop()
            world.system.stack.kafka_process.kill()
            world.system.stack.start_kafka()

    world.attack(feed, inject_fault)
    exact(world, feed)
    assert feed.refused > 0


@pytest.mark.parametrize("name", ["attribute", "boards"])
def test_a_zombie_that_wakes_after_its_partitions_were_taken_is_refused(
    world: AttackedSystem, feed: EventFeed, name: str
) -> None:
    """R5: SIGSTOP past the session time-out with a second worker beside, then SIGCONT: what it still holds is refused."""
    world.start_second_worker(name)
    stopped: list[float] = []

    def inject_fault() -> None:
        if not stopped and feed.progress > 0.2:
            world.signal(name, signal.SIGSTOP)
            stopped.append(time.monotonic())
        elif stopped and time.monotonic() - stopped[0] > 2 * _SESSION_S:
            world.signal(name, signal.SIGCONT)

    feed.pace_s = 0.5
    world.attack(feed, inject_fault)
    world.signal(name, signal.SIGCONT)
    exact(world, feed)
    assert stopped
