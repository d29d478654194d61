"""The state of link-issuer: entities in the catalog and records of people (durable), and reservations in Redis.

A reservation covers the time between choosing a code, mention or version number and the log's ack, so that two processes never
choose the same one. Callers read the directory to its end before they choose.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

import msgspec
from msgspec import Struct

from link_issuer.domain.codes import candidate_code
from link_issuer.enrolment_reservations import EnrolmentReservations
from link_issuer.reservations import RESERVED, Reservation, Reservations, code_key
from referral.catalog.follower import CatalogFollower
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.events.blocked_words import find_blocklisted
from referral.events.entities import CatalogEntity, ProgramVersion
from referral.events.ids import derive_id
from referral.events.people import PeopleEntity
from referral.events.timestamps import to_ms
from referral.people.people_writer import PeopleWriter
from referral.redis_client import RedisClient

Key = TypeVar("Key")
_MANY_PEOPLE = 50
_EXPIRES_S = 600
_VERSION_EXPIRES_S = 30
MAX_ATTEMPTS = 16


class AlreadyTaken(Exception):
    """Another owner has the code, or other rules have the version number; the message names it."""


class CodeRequest(Struct, frozen=True, gc=False):
    """Who needs a code (a participant's or link's id), its `code_prefix`, and the code itself if it was chosen.

    `blocklist` is the program's: words that derived codes must not contain. Chosen codes are checked before.
    """

    owner: str
    prefix: str = ""
    chosen: str | None = None
    blocklist: tuple[str, ...] = ()

    def candidate(self, attempt: int) -> str | None:
        """The code to try; None if there are no more attempts."""
        if self.chosen is not None:
            return self.chosen if attempt == 0 else None
        return self._derive(attempt) if attempt < MAX_ATTEMPTS else None

    def is_blocked(self, code: str) -> bool:
        """Whether a code is a derived one that the program's blocklist forbids."""
        return bool(self.blocklist) and self.chosen is None and find_blocklisted(code, self.blocklist) is not None

    def may_have(self, code: str, holder: str | None) -> bool:
        """Whether a code may be reserved, which `holder` has: it is not blocked, and no one else has it."""
        return (holder is None or holder == self.owner) and not self.is_blocked(code)

    def _derive(self, attempt: int) -> str:
        """A code that begins with the name, or one without the name if that contains a blocked word."""
        named = candidate_code(self.prefix, self.owner, attempt)
        return candidate_code("", self.owner, attempt) if self.is_blocked(named) else named


def free_codes(requests: Mapping[Key, CodeRequest], attempt: int, catalog: Catalog) -> dict[Key, str]:
    """The codes to reserve for those requests whose code of this attempt is free, by the key of the request.

    Raises AlreadyTaken if a request has no more codes to try.
    """
    codes = {key: _candidate(request, attempt) for key, request in requests.items()}
    # Derived codes are in their normal form, unlike chosen ones.
    holders = catalog.code_owner_ids(code for key, code in codes.items() if requests[key].chosen is None)
    for request in requests.values():
        if request.chosen is not None and (holder := catalog.code(request.chosen)) is not None:
            holders[request.chosen] = holder.id
    return {key: code for key, code in codes.items() if requests[key].may_have(code, holders.get(code))}


@dataclass(frozen=True, slots=True)
class ReservedCode:
    """A code and since when its owner has it, in ms since the epoch; equal for all concurrent requests of the owner."""

    code: str
    since_ms: int


class Store:
    """The directory, its writers, and the reservations, for one process."""

    def __init__(
        self, follower: CatalogFollower, writer: CatalogWriter, people: PeopleWriter, redis: RedisClient
    ) -> None:
        self._follower = follower
        self._writer = writer
        self._people = people
        self._reservations = Reservations(redis)
        self.enrolments = EnrolmentReservations(redis)
        self._turn = Lock()

    @contextmanager
    def turn(self, people: int) -> Iterator[None]:
        """Where people are looked up, as one `Catalog.reading`: one request at a time if they are many.

        Nothing inside may wait, for Kafka or Redis. Each look-up in LMDB gives up the interpreter lock. Two requests with thousands
        of look-ups would take turns at each, which costs more than the look-up (docs/decisions/0037).
        """
        with self._turn if people >= _MANY_PEOPLE else nullcontext(), self._follower.view.reading():
            yield

    def complete_catalog(self) -> Catalog:
        """The catalog with everything acknowledged before this call. Raises LogUnavailable if Kafka does not respond."""
        self._follower.read_to_end()
        return self._follower.view.snapshot()

    def write(self, entities: Sequence[CatalogEntity], people: Sequence[PeopleEntity] = ()) -> None:
        """Returns when all are durable, the people first: no participant is without a profile, whatever fails.

        Raises NotDurable; then they may be written again.
        """
        if people:
            self._people.write(people)
        if entities:
            self._writer.write(entities)

    def reserve_codes(self, requests: Sequence[CodeRequest], catalog: Catalog, now_ms: int) -> list[ReservedCode]:
        """A free code for each request, in their order; the same one again for the same owner.

        Raises AlreadyTaken if a chosen code has another owner.
        """
        reserved: dict[int, ReservedCode] = {}
        for attempt in range(MAX_ATTEMPTS + 1):
            missing = {index: request for index, request in enumerate(requests) if index not in reserved}
            reserved |= self._reserve(free_codes(missing, attempt, catalog), requests, now_ms)
            if len(reserved) == len(requests):
                break
        return [reserved[index] for index in range(len(requests))]

    def reserve_mention(self, mention: str, person: str, catalog: Catalog) -> bool:
        """Whether a mention is reserved for a person now: no other person has reserved it, or they were erased since."""
        if self.enrolments.reserve_mention(mention, person):
            return True
        holder = self.enrolments.mention_owner(mention)
        known = catalog.participant(holder) if holder else None
        if known is None or known.erased_at is None:
            return False
        self.enrolments.release_mention(mention, known.id)
        return self.enrolments.reserve_mention(mention, person)

    def reserve_changes(self, records: Sequence[str], changes: str, now_ms: int) -> None:
        """Reserves records, given by their fingerprints, for these changes, given by theirs.

        Raises AlreadyTaken if other changes of one of them are being written.
        """
        requests = [(f"{RESERVED}change:{record}", Reservation(changes, now_ms)) for record in records]
        if any(one.owner != changes for one in self._reservations.reserve(requests, _VERSION_EXPIRES_S)):
            raise AlreadyTaken(changes)

    def reserve_version(self, version: ProgramVersion) -> ProgramVersion:
        """The record to write under this version number: of concurrent requests with the same rules, all get the first one's.

        Raises AlreadyTaken if other rules are being written under it.
        """
        rules = derive_id("rules", msgspec.json.encode(version.program).decode())
        request = Reservation(rules, to_ms(version.recorded_at), msgspec.json.encode(version))
        key = f"{RESERVED}version:{version.program.id}:{version.version}"
        [in_force] = self._reservations.reserve([(key, request)], _VERSION_EXPIRES_S)
        if in_force.owner != rules:
            raise AlreadyTaken(f"Another request is writing version {version.version} of {version.program.id}")
        return msgspec.json.decode(in_force.content, type=ProgramVersion)

    def _reserve(
        self, codes: Mapping[int, str], requests: Sequence[CodeRequest], now_ms: int
    ) -> dict[int, ReservedCode]:
        """The codes, by the request's index, that are reserved for their requests' owners now."""
        wanted = [(code_key(code), Reservation(requests[index].owner, now_ms)) for index, code in codes.items()]
        in_force = self._reservations.reserve(wanted, _EXPIRES_S)
        return {
            index: ReservedCode(code, reservation.since_ms)
            for (index, code), reservation in zip(codes.items(), in_force, strict=True)
            if reservation.owner == requests[index].owner
        }


def _candidate(request: CodeRequest, attempt: int) -> str:
    code = request.candidate(attempt)
    if code is None:
        raise AlreadyTaken(request.chosen or request.owner)
    return code
