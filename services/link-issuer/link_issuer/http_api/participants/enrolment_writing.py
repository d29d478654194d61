"""Writes new participants and their profiles: exactly one record of each, however many requests enrol a person at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from msgspec import Struct

from link_issuer.domain.codes import code_prefix
from link_issuer.domain.enrolment import Enrolment, PlacedEnrolment, mention_taken
from link_issuer.enrolment_reservations import EnrolmentRequest, ReservedEnrolment
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.request_body import invalid_body
from link_issuer.store import MAX_ATTEMPTS, CodeRequest, free_codes
from referral.catalog.view import Catalog
from referral.events.entities import Participant
from referral.events.people import Profile
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.polling import becomes_true

_WAIT_S = 1.5  # for another request that enrols the same person
_encode = msgspec.msgpack.Encoder().encode


class NamedParticipant(NamedTuple):
    """A participant, and what they have given about themselves; None if they were erased.

    `as_sent`: both were made from what the request sent, so no value of it was ignored.
    """

    participant: Participant
    profile: Profile | None
    as_sent: bool = False


class _Wanted(Struct, frozen=True, gc=False):
    """An enrolment, the reservation that was requested for it, and what became of that."""

    enrolment: PlacedEnrolment
    request: EnrolmentRequest
    reserved: ReservedEnrolment


@dataclass(frozen=True, slots=True)
class NewParticipants:
    """The participants that a request creates in a program. `catalog` was read to its end by this request."""

    program: str
    catalog: Catalog
    now_ms: int
    enrolled_by: str

    def create(self, fresh: Mapping[str, PlacedEnrolment]) -> dict[str, NamedParticipant]:
        """The participants, by id, once all are durable.

        Raises Problem 422 if a mention is reserved for another person, 503 if another request that enrols one of them with other
        details has not finished in time.
        """
        wanted, own = self._reserve(fresh)
        created = self._write(one for one in wanted if one.enrolment.id in own)
        others = [one for one in wanted if one.enrolment.id not in own]
        return created | self._join(others) if others else created

    def _reserve(self, fresh: Mapping[str, PlacedEnrolment]) -> tuple[list[_Wanted], set[str]]:
        """What is wanted, with a free code for each person who is reserved, and the ids of those whom this request reserved."""
        newest = self.catalog.program(self.program) or require_program(self.program)
        blocklist = newest.program.codes.blocklist
        missing = {id: CodeRequest(id, _code_prefix(one.details), blocklist=blocklist) for id, one in fresh.items()}
        reserved: dict[str, _Wanted] = {}
        own: set[str] = set()
        for attempt in range(MAX_ATTEMPTS):
            tried = self._try(fresh, missing, attempt)
            own |= {one.enrolment.id for one in tried if one.reserved.outcome in ("first", "code")}
            reserved |= {one.enrolment.id: one for one in tried if one.reserved.outcome not in ("code", "same_code")}
            missing = {id: one for id, one in missing.items() if id not in reserved}
            if not missing:
                break
        if len(reserved) < len(fresh):
            raise LookupError(f"no code is free for {len(fresh) - len(reserved)} people of {self.program}")
        return list(reserved.values()), own - {id for id, one in reserved.items() if one.reserved.outcome == "other"}

    def _try(
        self, fresh: Mapping[str, PlacedEnrolment], missing: Mapping[str, CodeRequest], attempt: int
    ) -> list[_Wanted]:
        """Tries one further code for each person; those whose code the catalog already has are not tried.

        Raises Problem 422 for mentions that are reserved for other people.
        """
        fingerprint = context().pseudonyms.fingerprint  # equal for equal details
        with dependencies().store.turn(len(missing)):
            free = free_codes(missing, attempt, self.catalog)
        details = {id: fingerprint(_encode(fresh[id].details)) for id in free}
        tried = self._request([(fresh[id], _request(fresh[id], details[id], code)) for id, code in free.items()])
        taken = [one for one in tried if one.reserved.outcome == "mention"]
        if mistakes := [mention_taken(self.program, one.enrolment) for one in taken if not self._take_over(one)]:
            raise invalid_body(mistakes, "No one was enrolled.")
        again = self._request([(one.enrolment, one.request) for one in taken])
        return [one for one in tried if one.reserved.outcome != "mention"] + again

    def _request(self, requests: Sequence[tuple[PlacedEnrolment, EnrolmentRequest]]) -> list[_Wanted]:
        in_force = dependencies().store.enrolments.reserve([request for _, request in requests], self.now_ms)
        return [_Wanted(*one, reserved) for one, reserved in zip(requests, in_force, strict=True)]

    def _take_over(self, wanted: _Wanted) -> bool:
        """Whether the mention is this person's now, because the other one was erased."""
        mention = wanted.request.mention
        return mention is not None and dependencies().store.reserve_mention(
            mention, wanted.request.person, self.catalog
        )

    def _write(self, wanted: Iterable[_Wanted]) -> dict[str, NamedParticipant]:
        """The participants, by id, once their records are durable."""
        written = {one.enrolment.id: self._record(one) for one in wanted}
        participants = [one.participant for one in written.values()]
        dependencies().store.write(participants, [one.profile for one in written.values() if one.profile])
        return written

    def _record(self, wanted: _Wanted) -> NamedParticipant:
        enrolment, since, code = wanted.enrolment, to_datetime(wanted.reserved.since_ms), wanted.request.code
        participant = enrolment.participant(self.program, code, since, self.enrolled_by)
        as_sent = participant.since == enrolment.details.since
        return NamedParticipant(participant, enrolment.profile(self.program, code, since), as_sent)

    def _join(self, others: Iterable[_Wanted]) -> dict[str, NamedParticipant]:
        """People whom another request enrols: as that one did. With the same details this request writes the same, too."""
        waiting = {one.enrolment.id: one for one in others}
        found: dict[str, NamedParticipant] = {}

        def is_complete() -> bool:
            found.update(_read(waiting.keys() - found.keys()))
            missing = [one for id, one in waiting.items() if id not in found]
            found.update(self._write([one for one in missing if one.reserved.outcome == "same"]))
            return len(found) == len(waiting)

        if not becomes_true(is_complete, _WAIT_S):
            raise _unfinished(one.enrolment for id, one in waiting.items() if id not in found)
        return found


def _code_prefix(details: Enrolment) -> str:
    """What a code begins with; nothing for people who hide their name."""
    return "" if details.public is False else code_prefix(details.display_name)


def _read(ids: Iterable[str]) -> dict[str, NamedParticipant]:
    """Those of these people who are enrolled by now."""
    catalog, people = dependencies().store.complete_catalog(), context().people.snapshot()
    found = {id: catalog.participant(id) for id in ids}
    return {id: NamedParticipant(one, people.profile(id)) for id, one in found.items() if one}


def _request(enrolment: PlacedEnrolment, details: str, code: str) -> EnrolmentRequest:
    return EnrolmentRequest(enrolment.id, details, enrolment.pseudonyms.mention, code)


def _unfinished(enrolments: Iterable[PlacedEnrolment]) -> Problem:
    """503: another request enrols them with other details."""
    first = next(iter(enrolments))
    detail = (
        f"Another request is enrolling {first.details.external_id} with other details. Send this one again in a second."
    )
    return Problem(503, "concurrent_change", detail, headers={"Retry-After": "1"})
