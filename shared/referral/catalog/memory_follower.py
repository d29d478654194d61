"""A catalog that is known from the start, in place of one that is read from the log. For tests and pictures of pages."""

from collections.abc import Iterable

from referral.catalog.follower import CatalogFollower
from referral.catalog.view import Catalog
from referral.events.entities import CatalogEntity


class MemoryFollower(CatalogFollower):
    """A follower that has read everything there is: the entities it was made of, and those put into its view."""

    def __init__(self, entities: Iterable[CatalogEntity] = ()) -> None:
        self.view = Catalog(entities)

    def start(self) -> "MemoryFollower":
        """There is nothing to start."""
        return self

    def stop(self) -> None:
        """There is nothing to end."""

    def age(self) -> float:
        """It is complete now."""
        return 0.0

    def stale_reason(self) -> str | None:
        """Always."""
        return None

    def read_to_end(self, timeout: float = 2.0) -> None:
        """There is nothing more to read."""
