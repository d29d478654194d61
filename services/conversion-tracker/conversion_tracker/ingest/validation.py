"""Validates events before they are published: typed decoding, then the rules that need more than the event itself.

This is the hot path of the system. Every line is encoded here, from the decoded event with pseudonyms in place of what identifies
people: no bytes of the sender reach the log.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TypeVar

import msgspec
from msgspec.structs import force_setattr, replace

from conversion_tracker.ingest.adapters.mapped_event import MappedEvent, MappedItem, MappingError
from conversion_tracker.ingest.event_checks import ALWAYS_CHECKED, EventChecker
from conversion_tracker.ingest.event_errors import EventError, EventRejected, from_decode_error
from conversion_tracker.ingest.event_pseudonyms import (
    WITH_PERSONAL_DATA,
    EventPseudonymizer,
    PeopleChanges,
    names_person,
)
from conversion_tracker.ingest.event_warnings import EventWarning, field_left_out
from conversion_tracker.ingest.evidence_warnings import KnownCodes
from conversion_tracker.ingest.lenient_decoding import decode_leniently
from conversion_tracker.ingest.program_terms import ProgramLookup, ProgramTerms
from conversion_tracker.ingest.recent_people import Generation, RecentPeople, RecentPerson
from referral.code_cipher import CodeCipher
from referral.events.facts import Fact, PersonFollowed
from referral.events.keys import KeyedLine
from referral.events.timestamps import to_datetime
from referral.events.value_checks import InvalidValue
from referral.people.people_view import People
from referral.people.pseudonyms import Pseudonyms
from referral.tokens import TokenSigner

_decode: Callable[[bytes], Fact] = msgspec.json.Decoder(Fact).decode
_encode = msgspec.json.Encoder().encode
_NO_FOLLOW_DATA = PersonFollowed.__struct_defaults__[-1]
"""The `data` of every follow that was sent without: one frozen object."""
Located = TypeVar("Located", EventError, EventWarning)


@dataclass(slots=True)
class ValidationResult:
    """The lines to publish, each with its partition key, and what `people` has to know with them.

    Also the errors of the rejected events, and warnings about accepted ones.
    """

    accepted: list[KeyedLine] = field(default_factory=list)
    rejected: list[EventError] = field(default_factory=list)
    warnings: list[EventWarning] = field(default_factory=list)
    people: PeopleChanges = field(default_factory=PeopleChanges)

    @property
    def count(self) -> int:
        """The number of events validated so far: the index of the next one."""
        return len(self.accepted) + len(self.rejected)

    def reject(self, rejected: EventRejected) -> None:
        """Adds the error of the next event, and removes the warnings about it."""
        index = self.count
        self.rejected.append(rejected.to_event_error(index))
        self.warnings = [warning for warning in self.warnings if warning.index != index]


class EventValidator:
    """Validates events.

    `tolerance` is how far in the future an event may be, `max_bytes` how large, `lateness` how late it may arrive to count.
    """

    def __init__(
        self,
        tokens: TokenSigner,
        pseudonyms: Pseudonyms,
        people: People,
        codes: CodeCipher,
        tolerance: timedelta,
        max_bytes: int,
        lateness: timedelta = timedelta(days=35),
    ) -> None:
        self._tokens = tokens
        self._pseudonyms = pseudonyms
        self._codes = codes
        self._people = people.snapshot()
        self._recent_people = RecentPeople(pseudonyms, people)
        self._tolerance = tolerance
        self._max_bytes = max_bytes
        self._lateness = lateness
        self._known_codes = KnownCodes()

    def validate(self, raws: Sequence[bytes | msgspec.Raw], now_ms: int, look_up: ProgramLookup) -> ValidationResult:
        """Validates each event on its own. `look_up` is called once for each program, its `has_code` once for each code."""
        now = to_datetime(now_ms)
        checker = EventChecker(self._tokens, self._pseudonyms, self._codes, now, now + self._tolerance, self._lateness)
        return self._validate(raws, checker, look_up)

    def _validate(  # noqa: C901, PLR0912 - a call for each of these steps would cost as much as the steps
        self, raws: Sequence[bytes | msgspec.Raw], checker: EventChecker, look_up: ProgramLookup
    ) -> ValidationResult:
        result, programs, latest = ValidationResult(), dict[str, ProgramTerms](), checker.latest
        pseudonymizer = EventPseudonymizer(self._pseudonyms, self._people, checker.now, result.people)
        generation = self._recent_people.generation()
        accept, max_bytes, program = result.accepted.append, self._max_bytes, None  # locals: the loop is the hot path
        for raw in raws:
            line = bytes(raw)
            try:
                if len(line) > max_bytes:
                    raise _too_large(line, max_bytes)
                try:
                    fact = _decode(line)
                except msgspec.ValidationError as error:
                    fact = _decode_leniently(line, error, result)
                if fact.program != program:
                    terms = programs[fact.program] = programs.get(fact.program) or look_up(fact.program)
                    program, known = fact.program, generation.of_program(fact.program)
                    earliest, codes = checker.earliest(terms), self._known_codes.of_program(program)
                time = fact.occurred_at
                if (
                    not earliest <= time <= latest
                    or fact.code not in codes
                    or fact.click is not None
                    or fact.mention is not None
                    or fact.look_alike is not None
                    or type(fact) in ALWAYS_CHECKED
                ):
                    fact = checker.check(result.count, fact, terms, codes, result.warnings)
                person = known.get(fact.person) or _add_person(generation, fact)
                force_setattr(fact, "person", person.id)
                if person.bare_id in fact.id and names_person(fact.id, person.bare_id):
                    force_setattr(fact, "id", self._pseudonyms.event(program, fact.id))
                if not person.is_recorded:
                    pseudonymizer.record_new(person, program)
                kind, device, network = type(fact), fact.device, fact.network
                if (
                    (device is None or device == person.device)
                    and (network is None or network == person.network)
                    and (
                        kind not in WITH_PERSONAL_DATA
                        or (type(fact) is PersonFollowed and fact.data is _NO_FOLLOW_DATA and person.look_alike)
                    )
                ):
                    if device is not None:
                        force_setattr(fact, "device", person.device_pseudonym)
                    if network is not None:
                        force_setattr(fact, "network", person.network_pseudonym)
                    if kind is PersonFollowed:
                        force_setattr(fact, "look_alike", person.look_alike)
                else:
                    result.warnings += pseudonymizer.replace(result.count, fact, person, terms)
                if time.tzinfo is not UTC:
                    force_setattr(fact, "occurred_at", time.astimezone(UTC))
                accept((person.key, _encode(fact)))
            except EventRejected as rejected:
                result.reject(rejected)
            except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
                result.reject(from_decode_error(error))
        return result

    def validate_mapped(self, items: Sequence[MappedItem], now_ms: int, look_up: ProgramLookup) -> ValidationResult:
        """Validates events that an adapter mapped; errors and warnings point into what the platform sent."""
        mapped = [(index, item) for index, item in enumerate(items) if isinstance(item, MappedEvent)]
        result = self.validate([event.line for _, event in mapped], now_ms, look_up)
        rejected = [_at_source(error, *mapped[error.index]) for error in result.rejected]
        rejected += [
            EventRejected(item.code, item.pointer, item.detail).to_event_error(index)
            for index, item in enumerate(items)
            if isinstance(item, MappingError)
        ]
        warnings = [_at_source(warning, *mapped[warning.index]) for warning in result.warnings]
        rejected.sort(key=lambda error: error.index)
        return ValidationResult(result.accepted, rejected, warnings, result.people)


def _decode_leniently(line: bytes, error: msgspec.ValidationError, result: ValidationResult) -> Fact:
    fact, lost = decode_leniently(line, _decode, error)
    result.warnings += [field_left_out(result.count, one) for one in lost]
    return fact


def _too_large(line: bytes, most: int) -> EventRejected:
    return EventRejected("too_large", "", f"The event has {len(line)} bytes; the maximum is {most}.")


def _add_person(generation: Generation, fact: Fact) -> RecentPerson:
    try:
        return generation.add(fact.program, fact.person)
    except InvalidValue as error:
        raise EventRejected("invalid_value", "/person", f"`person` {error}.") from None


def _at_source(found: Located, index: int, event: MappedEvent) -> Located:
    return replace(found, index=index, pointer=event.source_pointer(found.pointer))
