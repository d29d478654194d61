"""Writes records of the compacted topics `catalog` and `people`, as services do."""

from collections.abc import Iterable
from dataclasses import replace

from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.entities import CatalogEntity
from referral.events.people import PeopleEntity, PeopleRecord, PersonErased
from referral.people.people_writer import PeopleWriter
from tests.support.builders.participants import PROGRAM, START

DirectoryRecord = CatalogEntity | PeopleEntity


def write_records(settings: Settings, records: Iterable[DirectoryRecord]) -> None:
    """Returns once all records are durable, each on its topic; those of people first."""
    catalog, people = split_records(records)
    waiting = patient(settings)
    writers = PeopleWriter(waiting, SystemClock()), CatalogWriter(waiting, SystemClock())
    if people:
        writers[0].write(people)
    writers[1].write(catalog)
    for writer in writers:
        writer.close()


def erase_person(settings: Settings, id: str, program: str = PROGRAM) -> None:
    """Returns once the erasure of a person by their first person id is durable, and their records have a tombstone."""
    erasure = PersonErased(recorded_at=START, id=id, program=program, epoch=1, erased=id)
    writer = PeopleWriter(patient(settings), SystemClock())
    writer.write([erasure], [f"person/{id}", f"profile/{id}"])
    writer.close()


def patient(settings: Settings) -> Settings:
    """Returns the settings of a writer that waits for a broker which is still busy with new topics."""
    return replace(settings, ack_timeout_ms=30_000)


def split_records(records: Iterable[DirectoryRecord]) -> tuple[list[CatalogEntity], list[PeopleEntity]]:
    """Returns the records of `catalog`, and those of `people`."""
    catalog: list[CatalogEntity] = []
    people: list[PeopleEntity] = []
    for one in records:
        if isinstance(one, PeopleRecord):
            people.append(one)  # type: ignore[arg-type] # the union is all subclasses
        else:
            catalog.append(one)  # type: ignore[arg-type] # what is not of people is of the catalog
    return catalog, people
