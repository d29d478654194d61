"""Erasures on a broker and a Redis of the test's own, without services: a followed directory in which Amy is known."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from msgspec.structs import replace as changed
from redis import Redis

from link_issuer.privacy.erasure import Erasure, PersonToErase
from link_issuer.privacy.follow_up_schedule import FollowUpSchedule
from referral.catalog.follower import CatalogFollower
from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.people import PersonText
from referral.log.errors import NotDurable
from referral.people.people_writer import PeopleWriter
from referral.people.pseudonyms import Pseudonyms
from tests.support.builders.participants import PROGRAM, START, participant, person, profile
from tests.support.records import DirectoryRecord, patient, write_records

EXTERNAL = "xhs:amy"


class FailingWriter:
    """Writes until it has written `left` times; then every write fails, as if the process had died."""

    def __init__(self, writer: PeopleWriter | CatalogWriter, budget: list[int]) -> None:
        self._writer, self._budget = writer, budget

    def write(self, *arguments: object) -> object:
        """Writes, or raises NotDurable."""
        if not self._budget[0]:
            raise NotDurable("the process has died")
        self._budget[0] -= 1
        return self._writer.write(*arguments)  # type: ignore[arg-type] # what the erasure passes


@dataclass
class ErasingSystem:
    """A directory that is followed, and erasures on it."""

    settings: Settings
    redis: Redis
    follower: CatalogFollower
    pseudonyms: Pseudonyms
    writers: tuple[PeopleWriter, CatalogWriter]

    def erasure(self, writes: int = 1_000) -> Erasure:
        """Returns an erasure whose process dies after so many writes."""
        budget = [writes]
        people, catalog = (FailingWriter(writer, budget) for writer in self.writers)
        schedule = FollowUpSchedule(self.redis, self.settings)
        return Erasure(self.follower, (people, catalog), self.redis, schedule, SystemClock())  # type: ignore[arg-type]

    def write(self, *records: DirectoryRecord) -> None:
        """Writes records and returns once they can be seen."""
        write_records(self.settings, records)
        self.follower.read_to_end(10)

    def target(self, external_id: str = EXTERNAL) -> PersonToErase:
        """Returns the person as they are known now."""
        self.follower.read_to_end(10)
        first = self.pseudonyms.first_person_id(PROGRAM, external_id)
        return PersonToErase(PROGRAM, self.pseudonyms.person_id(PROGRAM, external_id), first)

    def left(self, person: str) -> list[str]:
        """Returns the keys of the records that identify a person."""
        self.follower.read_to_end(10)
        return self.follower.people.record_keys(person)


def amy() -> Sequence[DirectoryRecord]:
    """Returns all records of Amy."""
    id = participant("amy").id
    texts = [
        PersonText(id=id, program=PROGRAM, recorded_at=START, text_id=f"txt_{n:016}", kind="note", text="called us")
        for n in range(3)
    ]
    return [changed(person(EXTERNAL), handle="amy_handle"), profile("amy"), participant("amy"), *texts]


@contextmanager
def serve_erasures(settings: Settings, redis: "Redis") -> Iterator[ErasingSystem]:
    """Yields a system in which Amy has a handle, a profile, three texts and a code."""
    follower = CatalogFollower(settings).start()
    writers = PeopleWriter(patient(settings), SystemClock()), CatalogWriter(patient(settings), SystemClock())
    pseudonyms = Pseudonyms(settings.key_ring(), follower.people.epoch)
    made = ErasingSystem(settings, redis, follower, pseudonyms, writers)
    try:
        made.write(*amy())
        yield made
    finally:
        for writer in writers:
            writer.close()
        follower.stop()
