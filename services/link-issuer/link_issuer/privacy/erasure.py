"""Erases people: first the record that ends the person id, then tombstones for everything that identifies the person.

The steps, each of which may be repeated:

1. The follow-up is scheduled (`follow_up_schedule.py`): it removes what a crash leaves and records that arrive late, and closes
   the segment for compaction.
2. `PersonErased` with the next epoch, under the first person id. From then on no view shows the person, whatever records are left,
   and their external id leads to a new person id.
3. Tombstones of `Person`, `Profile` and every `PersonText` of the id that ended.
4. `Participant` with `erased_at`: their codes give no credit and lead nowhere.

The same request again continues from any of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from link_issuer.privacy.follow_up_schedule import FollowUpSchedule, Removal
from referral.catalog.follower import CatalogFollower
from referral.catalog.writer import CatalogWriter
from referral.clock import Clock
from referral.events.entities import Participant
from referral.events.people import PersonErased
from referral.events.timestamps import to_datetime
from referral.log.producer_connection import RecordPosition
from referral.people.people_writer import PeopleWriter
from referral.redis_client import RedisClient

_READ_TIMEOUT_S = 2.0
_LOCK_EXPIRES_S = 30
_MAX_ROUNDS = 100  # of 1,000 texts each


class ErasureInProgress(Exception):
    """Another request is erasing this person."""


class ErasureIncomplete(Exception):
    """Records of the person were written faster than they could be removed."""


@dataclass(frozen=True, slots=True)
class PersonToErase:
    """A person in a program: their id now, and the one of epoch 0, under which erasures are recorded."""

    program: str
    id: str
    first: str


@dataclass(slots=True)
class ErasureProof:
    """What an erasure did: when, which records it wrote (what each is, and where), and the codes that lead nowhere now."""

    person: str
    epoch: int
    erased_at: datetime
    records: list[tuple[str, RecordPosition]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)


class Erasure:
    """Erases people. Thread-safe. Methods raise NotDurable, LogUnavailable or RedisError; then repeat the request."""

    def __init__(
        self,
        follower: CatalogFollower,
        writers: tuple[PeopleWriter, CatalogWriter],
        redis: RedisClient,
        schedule: FollowUpSchedule,
        clock: Clock,
    ) -> None:
        self._follower = follower
        self._people_writer, self._catalog_writer = writers
        self._redis, self._schedule, self._clock = redis, schedule, clock

    def erase(self, target: PersonToErase) -> ErasureProof | None:
        """Erases the person, or completes their last erasure if nothing is known about them since; None if nothing ever was.

        Raises ErasureInProgress.
        """
        with self._locked(target.first):
            return self._erase(target)

    @contextmanager
    def _locked(self, first: str) -> Iterator[None]:
        """No one else raises the number of erasures of this person within the block. Raises ErasureInProgress."""
        lock = f"li:erasing:{first}"
        if not self._redis.set(lock, b"1", nx=True, ex=_LOCK_EXPIRES_S):
            raise ErasureInProgress
        try:
            yield
        finally:
            self._redis.delete(lock)

    def _erase(self, target: PersonToErase) -> ErasureProof | None:
        self._follower.read_to_end(_READ_TIMEOUT_S)
        last = self._follower.people.erasure(target.first)
        if last is not None and last.erased != target.id:
            self._remove_records(last.erased, ErasureProof(last.erased, last.epoch, last.recorded_at))
        if self._is_known(target.id):
            return self._erase_known(target, last.epoch + 1 if last else 1)
        if last is None:
            return None
        proof = ErasureProof(last.erased, last.epoch, last.recorded_at)
        return self._complete(proof, target)

    def _erase_known(self, target: PersonToErase, epoch: int) -> ErasureProof:
        now = to_datetime(self._clock.now_ms())
        erased = PersonErased(id=target.first, program=target.program, recorded_at=now, epoch=epoch, erased=target.id)
        self._schedule.add(Removal(target.id, target.first, epoch))
        proof = ErasureProof(target.id, epoch, now)
        [position] = self._people_writer.write([erased])
        proof.records.append((f"person_erased/{target.first}", position))
        self._follower.read_to_end(_READ_TIMEOUT_S)
        return self._complete(proof, target)

    def _complete(self, proof: ErasureProof, target: PersonToErase) -> ErasureProof:
        self._remove_records(proof.person, proof)
        self._schedule.add(Removal(proof.person, target.first, proof.epoch))
        return proof

    def follow_up(self, removal: Removal) -> bool:
        """Removes what is left or arrived late, and closes the segments of `people` with a record each; whether anything was there.

        Does nothing if the erasure was scheduled but never recorded. Raises ErasureInProgress: the record of the erasure, which is
        written again, may be replaced at this moment.
        """
        with self._locked(removal.first):
            self._follower.read_to_end(_READ_TIMEOUT_S)
            if self._follower.people.epoch(removal.first) < removal.epoch:
                return False
            late = bool(self._follower.people.record_keys(removal.person))
            late = late or self._counting(removal.person) is not None
            self._remove_records(removal.person, ErasureProof(removal.person, 0, to_datetime(self._clock.now_ms())))
            last = self._follower.people.erasure(removal.first)
            if last is not None:
                self._people_writer.write([last])
            return late

    def _remove_records(self, person: str, proof: ErasureProof) -> None:
        """Writes tombstones until the directory has no record of the person id, and marks the participant as erased."""
        keys = {f"person/{person}", f"profile/{person}", *self._follower.people.record_keys(person)}
        for _ in range(_MAX_ROUNDS):
            ordered = sorted(keys)
            proof.records += zip(ordered, self._people_writer.write([], ordered), strict=True)
            self._follower.read_to_end(_READ_TIMEOUT_S)
            keys = set(self._follower.people.record_keys(person))
            if not keys:
                return self._mark_participant(person, proof)
        raise ErasureIncomplete(person)

    def _mark_participant(self, person: str, proof: ErasureProof) -> None:
        participant = self._follower.view.snapshot().participant(person)
        if participant is None:
            return
        proof.codes.append(participant.code)
        proof.codes += [link.code for link in self._follower.view.snapshot().links(person)]
        if participant.erased_at is None:
            # The time of this record, not of an erasure that is completed later: folds have counted evidence until now.
            now = to_datetime(self._clock.now_ms())
            [position] = self._catalog_writer.write([replace(participant, erased_at=now)])
            proof.records.append((f"participant/{person}", position))
            self._follower.read_to_end(_READ_TIMEOUT_S)

    def _is_known(self, person: str) -> bool:
        people = self._follower.people
        if people.is_erased(person):
            return False
        return bool(people.record_keys(person)) or self._counting(person) is not None

    def _counting(self, person: str) -> Participant | None:
        """The participant with this id, unless they are marked as erased."""
        participant = self._follower.view.snapshot().participant(person)
        return participant if participant is not None and participant.erased_at is None else None
