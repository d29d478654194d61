"""The harness is worth something only if it fails when a part of the fold is taken out."""

import pytest

from tests.support.chaos.attacked_system import AttackedSystem
from tests.support.chaos.event_feed import EventFeed

pytestmark = pytest.mark.chaos


def test_without_cause_de_duplication_the_figures_differ(world: AttackedSystem, feed: EventFeed) -> None:
    """What a crash makes a worker say twice, a board that does not look at causes counts twice."""
    world.restart("screen", wrap=("tests.support.chaos.fold_mutation", "produce_twice"))
    world.restart("boards", wrap=("tests.support.chaos.fold_mutation", "ignore_causes"))
    world.wait_until_ready("screen", "boards")
    world.attack(feed, lambda: None)
    world.restore(except_for=("boards",))
    actual, expected = world.figures(feed)
    assert actual["board"] != expected["board"]


def test_without_the_fence_the_figures_differ(world: AttackedSystem, feed: EventFeed) -> None:
    """A worker that does not compare its fence folds on after a wipe as if nothing had happened: what was before is lost."""
    world.restart("boards", wrap=("tests.support.chaos.fold_mutation", "ignore_fence"))
    world.wait_until_ready("boards")
    wipes = [1 / 2]

    def inject_fault() -> None:
        if wipes and feed.progress > wipes[-1] and world.board_size() > 5:
            wipes.pop()
            world.flush()

    world.attack(feed, inject_fault)
    assert not wipes, "Redis was not wiped"
    world.restore(except_for=("boards",))
    actual, expected = world.figures(feed)
    assert actual["board"] != expected["board"]
