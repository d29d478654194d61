"""The state of link-issuer: entities in the catalog (durable), and reservations of codes and versions in Redis.

A reservation covers the time between choosing a code or version number and the catalog's ack, so that two processes never
choose the same one. Callers read the catalog to its end before they choose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from redis import Redis

from link_issuer.domain.blocklist import find_blocklisted
from link_issuer.domain.codes import candidate_code
from link_issuer.reservations import Reservation, Reservations
from referral.catalog.follower import CatalogFollower
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.events.entities import CatalogEntity, Participant, ProgramVersion
from referral.events.ids import derive_id
from referral.events.timestamps import to_ms

_CATALOG_TIMEOUT_S = 1.0
_EXPIRES_S = 600
_VERSION_EXPIRES_S = 30
_MAX_ATTEMPTS = 16


class AlreadyTaken(Exception):
    """Another owner has the code, or other rules have the version number; the message names it."""


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """Who needs a code (a participant's or link's id), the name it should begin with, and the code itself if it was chosen.

    `blocklist` is the program's: words that derived codes must not contain. Chosen codes are checked before.
    """

    owner: str
    name: str = ""
    chosen: str | None = None
    blocklist: tuple[str, ...] = ()

    def candidate(self, attempt: int) -> str | None:
        """The code to try; None if there are no more attempts."""
        if self.chosen is not None:
            return self.chosen if attempt == 0 else None
        return self._derive(attempt) if attempt < _MAX_ATTEMPTS else None

    def is_blocked(self, code: str) -> bool:
        """Whether a code is a derived one that the program's blocklist forbids."""
        return self.chosen is None and find_blocklisted(code, self.blocklist) is not None

    def _derive(self, attempt: int) -> str:
        """A code that begins with the name, or one without the name if that contains a blocked word."""
        named = candidate_code(self.name, self.owner, attempt)
        return candidate_code("", self.owner, attempt) if self.is_blocked(named) else named


@dataclass(frozen=True, slots=True)
class ReservedCode:
    """A code and since when its owner has it, in ms since the epoch; equal for all concurrent requests of the owner."""

    code: str
    since_ms: int


class Store:
    """The catalog and the reservations, for one process."""

    def __init__(self, follower: CatalogFollower, writer: CatalogWriter, redis: "Redis") -> None:
        self._follower = follower
        self._writer = writer
        self._reservations = Reservations(redis)

    def complete_catalog(self) -> Catalog:
        """The catalog with everything acknowledged before this call. Raises LogUnavailable if Kafka does not respond."""
        self._follower.read_to_end(_CATALOG_TIMEOUT_S)
        return self._follower.view.snapshot()

    def write(self, entities: Sequence[CatalogEntity]) -> None:
        """Returns when all are durable. Raises NotDurable; then they may be written again."""
        if entities:
            self._writer.write(entities)

    def reserve_codes(self, requests: Sequence[CodeRequest], catalog: Catalog, now_ms: int) -> list[ReservedCode]:
        """A free code for each request, in their order; the same one again for the same owner.

        Raises AlreadyTaken if a chosen code has another owner.
        """
        reserved: dict[int, ReservedCode] = {}
        for attempt in range(_MAX_ATTEMPTS + 1):
            missing = {index: request for index, request in enumerate(requests) if index not in reserved}
            candidates = {index: _candidate(request, attempt) for index, request in missing.items()}
            free = {index: code for index, code in candidates.items() if _is_free(catalog, code, requests[index])}
            reserved |= self._reserve(free, requests, now_ms)
            if len(reserved) == len(requests):
                break
        return [reserved[index] for index in range(len(requests))]

    def reserve_participants(self, participants: Sequence[Participant]) -> list[Participant]:
        """The record to write for each: of concurrent enrolments of the same person, all get the first one's."""
        requests = [
            (f"li:participant:{one.id}", Reservation(one.id, to_ms(one.recorded_at), msgspec.json.encode(one)))
            for one in participants
        ]
        in_force = self._reservations.reserve(requests, _EXPIRES_S)
        return [msgspec.json.decode(reservation.content, type=Participant) for reservation in in_force]

    def reserve_change(self, before: Participant, changed: Participant) -> Participant:
        """The record to write. Raises AlreadyTaken if another change of the same record is being written."""
        old, new = (derive_id("rec", msgspec.json.encode(one).decode()) for one in (before, changed))
        request = Reservation(new, to_ms(changed.recorded_at), msgspec.json.encode(changed))
        [in_force] = self._reservations.reserve([(f"li:change:{before.id}:{old}", request)], _VERSION_EXPIRES_S)
        if in_force.owner != new:
            raise AlreadyTaken(f"Another request is changing {before.external_id}")
        return changed

    def reserve_version(self, version: ProgramVersion) -> ProgramVersion:
        """The record to write under this version number: of concurrent requests with the same rules, all get the first one's.

        Raises AlreadyTaken if other rules are being written under it.
        """
        rules = derive_id("rules", msgspec.json.encode(version.program).decode())
        request = Reservation(rules, to_ms(version.recorded_at), msgspec.json.encode(version))
        key = f"li:version:{version.program.id}:{version.version}"
        [in_force] = self._reservations.reserve([(key, request)], _VERSION_EXPIRES_S)
        if in_force.owner != rules:
            raise AlreadyTaken(f"Another request is writing version {version.version} of {version.program.id}")
        return msgspec.json.decode(in_force.content, type=ProgramVersion)

    def _reserve(
        self, codes: Mapping[int, str], requests: Sequence[CodeRequest], now_ms: int
    ) -> dict[int, ReservedCode]:
        """The codes, by the request's index, that are reserved for their requests' owners now."""
        wanted = [(f"li:code:{code}", Reservation(requests[index].owner, now_ms)) for index, code in codes.items()]
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


def _is_free(catalog: Catalog, code: str, request: CodeRequest) -> bool:
    holder = catalog.code(code)
    return not request.is_blocked(code) and (holder is None or holder.id == request.owner)
