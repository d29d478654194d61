"""One system for all chaos tests: each test breaks it in its own way, under a program of its own, and mends it."""

from collections.abc import Iterator

import pytest

from tests.support.chaos.attacked_system import World
from tests.support.chaos.event_feed import Feed


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The system, up."""
    with World(tmp_path_factory.mktemp("chaos")) as made:
        yield made


@pytest.fixture
def world(system: World) -> Iterator[World]:
    """The system with a new program; afterwards everything runs as it should again."""
    system.new_program()
    yield system
    system.settle()


@pytest.fixture
def feed(world: World) -> Feed:
    """A feed with its referrers enrolled."""
    made = Feed(world.system.services, world.key, str(world.rules["id"]), seed=7)
    made.enrol()
    return made
