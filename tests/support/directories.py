"""Directories that tests write without a broker."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from referral.catalog.view import Catalog
from referral.directory.directory_participants import StoredParticipants
from referral.directory.directory_people import StoredPeople
from referral.directory.directory_writer import DirectoryWriter, FeedRecord
from referral.directory.files import DirectoryFiles
from referral.directory.replica import Replica
from referral.events.entities import CatalogEntity, entity_key
from referral.events.people import PeopleEntity, people_key
from referral.people.people_view import People

MAP_SIZE = 64 * 1024 * 1024
IDENTITY = "a cluster and its topics"


def record_of(entity: CatalogEntity | PeopleEntity) -> FeedRecord:
    """Returns the record of an entity as it is on the log."""
    value = msgspec.json.encode(entity)
    if isinstance(entity, PeopleEntity):
        return FeedRecord("people", people_key(entity), value)
    return FeedRecord("catalog", entity_key(entity), value)


class TestedDirectory:
    """An open directory with its writer, and the views of a reader."""

    __test__ = False

    def __init__(
        self, folder: Path, ends: Mapping[str, int], identity: str = IDENTITY, map_size: int = MAP_SIZE
    ) -> None:
        self.replica = Replica(DirectoryFiles(folder, "t."), map_size)
        self.writer = DirectoryWriter(self.replica, map_size)
        self.writer.open(identity, ends)
        self.participants = StoredParticipants(self.replica)
        self.people = People(StoredPeople(self.replica))

    def catalog(self) -> Catalog:
        """Returns a catalog with all that is stored, as a process that has just started has it."""
        catalog = Catalog(index=self.participants)
        for _, raw in self.replica.changes(0, 1000):
            catalog.apply(msgspec.json.decode(raw, type=CatalogEntity))
        return catalog

    def write(self, records: Sequence[FeedRecord], position: int) -> None:
        """Commits records, after which the file is complete and the position of the catalog is this one."""
        self.writer.commit(records, {"catalog/0": position}, time.monotonic())


@contextmanager
def open_directory(
    folder: Path, ends: Mapping[str, int] | None = None, identity: str = IDENTITY, map_size: int = MAP_SIZE
) -> Iterator[TestedDirectory]:
    """Yields the directory of a folder, which is not marked as closed afterwards: as if its process had been killed."""
    directory = TestedDirectory(folder, ends or {}, identity, map_size)
    try:
        yield directory
    finally:
        directory.writer.release()
        directory.replica.close()
