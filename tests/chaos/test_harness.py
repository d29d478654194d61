"""The harness is worth something only if it fails when a part of the fold is taken out."""

import pytest

from tests.support.chaos.attacked_system import World
from tests.support.chaos.event_feed import Feed

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def test_without_cause_de_duplication_the_figures_differ(world: World, feed: Feed) -> None:
    """What a crash makes a worker say twice, a board that does not look at causes counts twice."""
    world.restart("screen", wrap=("tests.support.chaos.fold_mutation", "says_twice"))
    world.restart("boards", wrap=("tests.support.chaos.fold_mutation", "without_causes"))
    world.until_ready("screen", "boards")
    world.attack(feed, lambda: None)
    shown, told = world.mend_and_compare(feed, but=("boards",))
    assert shown["board"] != told["board"]


def test_without_the_fence_the_figures_differ(world: World, feed: Feed) -> None:
    """A worker that does not compare its fence folds on after a wipe as if nothing had happened: what was before is lost."""
    world.restart("boards", wrap=("tests.support.chaos.fold_mutation", "without_fence"))
    world.until_ready("boards")
    wipes = [1 / 2]

    def blow() -> None:
        if wipes and feed.progress > wipes[-1] and world.places() > 5:
            wipes.pop()
            world.flush()

    world.attack(feed, blow)
    assert not wipes, "Redis was not wiped"
    shown, told = world.mend_and_compare(feed, but=("boards",))
    assert shown["board"] != told["board"]
