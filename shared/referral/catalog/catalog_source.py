"""Where a process has the catalog and the people from: the directory of its host, or a copy in its own memory."""

from collections.abc import Callable
from typing import Protocol

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog, no_refresh
from referral.config import Settings
from referral.directory.directory_reader import DirectoryReader
from referral.people.people_index import MemoryPeople, PeopleIndex

IN_MEMORY = "memory"
"""The value of REFERRAL_DIRECTORY with which each process has a copy of its own."""


class CatalogSource(Protocol):
    """A catalog that is read in one thread; its view and people may be read from every thread."""

    view: Catalog

    @property
    def people(self) -> PeopleIndex:
        """The people; empty if they are not read."""

    @property
    def is_pushed(self) -> bool:
        """Whether `poll` waits for changes; otherwise it returns at once, and the caller waits."""

    def poll(self, timeout: float = 0) -> int:
        """Takes over what has changed, and returns how much; waits up to `timeout` seconds for it if `is_pushed`."""

    def read_to_end(self, timeout: float) -> None:
        """Returns once every entity acknowledged before the call is in the view. Raises LogUnavailable."""

    def age(self) -> float:
        """Seconds since the view was last known to be complete; infinite before that."""

    def close(self) -> None:
        """Closes files and connections."""


def open_source(
    settings: Settings, refresh: Callable[[], bool] = no_refresh, *, people: bool = True, may_write: bool = True
) -> CatalogSource:
    """The source by the settings, which opens at the first read. `refresh` is that of the view; folds read no `people`.

    With `may_write` the process takes part in the election of the directory's writer.
    """
    if settings.directory == IN_MEMORY:
        return CatalogReader(settings, Catalog(refresh=refresh), MemoryPeople() if people else None)
    return DirectoryReader(settings, refresh, people=people, may_write=may_write)
