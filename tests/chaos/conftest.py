"""One system for all chaos tests: each test breaks it in its own way, under a program of its own, and mends it."""

from collections.abc import Iterator

import pytest

from tests.support.chaos.attacked_system import AttackedSystem
from tests.support.chaos.event_feed import EventFeed


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedSystem]:
    """The system, up."""
    with AttackedSystem(tmp_path_factory.mktemp("chaos")) as made:
        yield made


@pytest.fixture
def world(system: AttackedSystem) -> Iterator[AttackedSystem]:
    """The system with a new program; afterwards everything runs as it should again."""
    system.new_program()
    yield system
    system.restore()


@pytest.fixture
def feed(world: AttackedSystem) -> EventFeed:
    """A feed with its referrers enrolled."""
    made = EventFeed(world.system.services, world.key, str(world.rules["id"]), seed=7)
    made.enrol()
    return made
