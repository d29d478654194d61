"""Validates events before they are published: typed decoding, then the rules that need more than the event itself.

This is the hot path of the system. A valid event in normal form is published byte for byte as received; it is encoded again only if
something in it was changed or left out, if it contains a line break, which would break NDJSON, or if its timestamp is not in UTC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from operator import itemgetter
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from conversion_tracker.ingest.adapters.mapped_event import MappedEvent, MappedItem, MappingError
from conversion_tracker.ingest.event_checks import ALL_TYPES, ALWAYS_CHECKED, EventChecker
from conversion_tracker.ingest.event_errors import EventError, EventRejected, from_decode_error
from conversion_tracker.ingest.event_warnings import EventWarning, field_left_out
from conversion_tracker.ingest.evidence_warnings import KnownCodes
from conversion_tracker.ingest.lenient_decoding import decode_leniently
from conversion_tracker.ingest.program_terms import ProgramLookup, ProgramTerms
from referral.events.facts import Fact
from referral.events.keys import KeyedLine, person_key_prefix
from referral.events.normal_forms import is_normal_person_id
from referral.events.timestamps import to_datetime
from referral.tokens import TokenSigner

_decode: Callable[[bytes], Fact] = msgspec.json.Decoder(Fact).decode
_encode = msgspec.json.Encoder().encode
# Printable ASCII without blanks and capitals, and the separator of keys.
_PLAIN = b"\0" + bytes(code for code in range(0x21, 0x7F) if not chr(code).isupper())
_KEY = itemgetter(0)
_CHANGED = b"\n"  # in place of the line of an event that has to be encoded again
Located = TypeVar("Located", EventError, EventWarning)


@dataclass(slots=True)
class ValidationResult:
    """The lines to publish, each with its partition key; the errors of the rejected events, and warnings about accepted ones."""

    accepted: list[KeyedLine] = field(default_factory=list)
    rejected: list[EventError] = field(default_factory=list)
    warnings: list[EventWarning] = field(default_factory=list)

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
        self, tokens: TokenSigner, tolerance: timedelta, max_bytes: int, lateness: timedelta = timedelta(days=35)
    ) -> None:
        self._tokens = tokens
        self._tolerance = tolerance
        self._max_bytes = max_bytes
        self._lateness = lateness
        self._known_codes = KnownCodes()

    def validate(self, raws: Sequence[bytes | msgspec.Raw], now_ms: int, look_up: ProgramLookup) -> ValidationResult:
        """Validates each event on its own. `look_up` is called once for each program, its `has_code` once for each code."""
        now = to_datetime(now_ms)
        checker = EventChecker(self._tokens, now, now + self._tolerance, self._lateness)
        result = self._validate(raws, checker, look_up, ALWAYS_CHECKED)
        return result if _have_normal_ids(result.accepted) else self._validate(raws, checker, look_up, ALL_TYPES)

    def _validate(  # noqa: C901 - a call for each of these steps would cost as much as the steps
        self,
        raws: Sequence[bytes | msgspec.Raw],
        checker: EventChecker,
        look_up: ProgramLookup,
        checked_types: frozenset[type[Fact]],
    ) -> ValidationResult:
        result, programs, latest = ValidationResult(), dict[str, ProgramTerms](), checker.latest
        accept, max_bytes, program = result.accepted.append, self._max_bytes, None  # locals: the loop is the hot path
        for raw in raws:
            line = bytes(raw)
            try:
                if len(line) > max_bytes:
                    raise _too_large(line, max_bytes)
                try:
                    fact = _decode(line)
                except msgspec.ValidationError as error:
                    fact, line = _decode_leniently(line, error, result), _CHANGED
                if fact.program != program:
                    terms = programs[fact.program] = programs.get(fact.program) or look_up(fact.program)
                    program, prefix = fact.program, person_key_prefix(fact.program)
                    earliest, codes = checker.earliest(terms), self._known_codes.of_program(program)
                time = fact.occurred_at
                if (
                    not earliest <= time <= latest
                    or fact.code not in codes
                    or fact.click is not None
                    or fact.mention is not None
                    or type(fact) in checked_types
                ):
                    checked = checker.check(result.count, fact, terms, codes, result.warnings)
                    fact, line = checked, line if checked is fact else _CHANGED
                if time.tzinfo is not UTC or b"\n" in line:
                    line = _normalize(fact)
                accept((prefix + fact.person, line))
            except EventRejected as rejected:
                result.reject(rejected)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
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
        return ValidationResult(result.accepted, sorted(rejected, key=lambda error: error.index), warnings)


def _decode_leniently(line: bytes, error: msgspec.ValidationError, result: ValidationResult) -> Fact:
    fact, lost = decode_leniently(line, _decode, error)
    result.warnings += [field_left_out(result.count, one) for one in lost]
    return fact


def _too_large(line: bytes, most: int) -> EventRejected:
    return EventRejected("too_large", "", f"The event has {len(line)} bytes; the maximum is {most}.")


def _have_normal_ids(accepted: Sequence[KeyedLine]) -> bool:
    """Whether the ids in all keys are in normal form: first a check of all together, which costs little and passes most."""
    keys = "\0".join(map(_KEY, accepted)).encode(errors="surrogatepass") + b"\0"
    if not keys.translate(None, _PLAIN) and keys.count(b"\0") <= len(accepted) and b":\0" not in keys:
        return True
    return all(is_normal_person_id(key.partition("|")[2]) for key, _ in accepted)


def _normalize(fact: Fact) -> bytes:
    """The event as one line, in UTC."""
    return _encode(replace(fact, occurred_at=fact.occurred_at.astimezone(UTC)))


def _at_source(found: Located, index: int, event: MappedEvent) -> Located:
    return replace(found, index=index, pointer=event.source_pointer(found.pointer))
