"""A catalog given as entities instead of being read from the log; for tests and screenshots of pages."""

from collections.abc import Iterable

from referral.catalog.follower import CatalogFollower
from referral.catalog.view import Catalog
from referral.events.entities import CatalogEntity
from referral.events.people import PeopleEntity
from referral.people.people_view import people_in_memory


class MemoryFollower(CatalogFollower):
    """A follower with a view that is always complete: the given entities and people, and those applied to it."""

    def __init__(self, entities: Iterable[CatalogEntity] = (), people: Iterable[PeopleEntity] = ()) -> None:
        self.view = Catalog(entities)
        self.people = people_in_memory(people)

    def start(self) -> "MemoryFollower":
        """Does nothing."""
        return self

    def stop(self) -> None:
        """Does nothing."""

    def age(self) -> float:
        """0: the view is complete."""
        return 0.0

    def stale_reason(self) -> str | None:
        """None: the view is complete."""
        return None

    def read_to_end(self, timeout: float | None = None) -> None:
        """Does nothing."""
