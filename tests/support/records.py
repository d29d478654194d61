"""Writes records of the compacted topics `catalog` and `people`, as services do, and lines of any topic."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.entities import CatalogEntity
from referral.events.people import PeopleEntity, PeopleRecord, PersonErased
from referral.log.errors import NotDurable
from referral.log.publisher import Publisher
from referral.people.people_writer import PeopleWriter
from referral.topics import Topic
from tests.support.builders.participants import PROGRAM, START
from tests.support.waiting import wait_until

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


def write_lines(settings: Settings, topic: Topic, keyed: Sequence[tuple[str, bytes]]) -> None:
    """Returns once all lines are durable; a line may be there twice if the broker was busy with new topics."""

    def write() -> bool:
        publisher = Publisher(patient(settings))
        try:
            publisher.submit_many(topic, keyed).wait(150)
        except NotDurable:
            return False
        finally:
            publisher.close()
        return True

    wait_until(write)


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
