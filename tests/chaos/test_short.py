"""The short form: the faults that matter most, in a minute. `make chaos` has the long one."""

import random

import pytest

from referral.fold.failpoints import POINTS
from tests.support.chaos.attacked_system import FOLDS, AttackedSystem
from tests.support.chaos.event_feed import EventFeed

pytestmark = pytest.mark.chaos

MORTAL = {name: ",".join(f"{name}.{point}=kill:0.04" for point in POINTS) for name in FOLDS}


def test_nothing_is_lost_or_doubled_while_folds_die_at_every_failpoint_and_redis_is_wiped(
    world: AttackedSystem, feed: EventFeed
) -> None:
    """R1 and R4 together: workers die by themselves amid batches, Redis loses everything twice; the figures are the oracle's."""
    for name, failpoints in MORTAL.items():
        world.restart(name, {"REFERRAL_FAILPOINTS": failpoints})
    world.wait_until_ready(*MORTAL)
    deaths = world.deaths
    wipes = [2 / 3, 1 / 3]

    def inject_fault() -> None:
        if wipes and feed.progress > wipes[-1]:
            wipes.pop()
            world.flush()

    world.attack(feed, inject_fault)
    world.restore()
    actual, expected = world.figures(feed)
    assert actual == expected
    assert not wipes, "Redis was not wiped"
    assert world.deaths > deaths, "no worker died: the failpoints were not reached"


def test_every_event_that_was_acked_is_there_after_http_servers_were_killed(
    world: AttackedSystem, feed: EventFeed
) -> None:
    """R2: a client that repeats what was not acked, and servers that die under it: the log has every 202, the figures agree."""
    chance = random.Random(3)
    left = iter(range(8))  # on a busy machine a server takes longer to start than to be killed, and nothing would go on

    def inject_fault() -> None:
        name = chance.choice(("conversion-tracker", "link-issuer"))
        if world.is_ready(name) and next(left, None) is not None:
            world.kill(name)

    world.attack(feed, inject_fault, pause_s=1.0)
    world.restore()
    actual, expected = world.figures(feed)
    assert actual == expected
    assert feed.refused > 0, "no request failed: nothing was tested"
