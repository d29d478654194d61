"""Validates events before they are published: typed decoding, then the rules that need more than the event itself.

This is the hot path of the system. A valid event is published byte for byte as received; it is encoded again only if it contains a
line break, which would break NDJSON, or if its timestamp is not in UTC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec.structs import replace

from conversion_tracker.ingest.adapters.mapped_event import MappedEvent, MappedItem, MappingError
from conversion_tracker.ingest.event_errors import EventError, EventRejected, from_decode_error
from referral.events.currencies import currency_of_event
from referral.events.facts import Fact, Order, OrderPaid
from referral.events.keys import KeyedLine, person_key
from referral.events.timestamps import DAY_MS, to_datetime, to_ms
from referral.events.value_checks import InvalidValue
from referral.tokens import InvalidTokenError, TokenSigner

ProgramCheck = Callable[[str], None]
"""Raises EventRejected if events of the program are not accepted in this request."""

# The longest attribution window (365 days) plus the maximum lateness (35 days): an older click cannot win.
_TOKEN_LIFETIME_MS = 400 * DAY_MS
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_AMOUNT = 10**15
_decode: Callable[[bytes], Fact] = msgspec.json.Decoder(Fact).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class ValidationResult:
    """The lines to publish, each with its partition key, and the errors of the rejected events."""

    accepted: list[KeyedLine] = field(default_factory=list)
    rejected: list[EventError] = field(default_factory=list)


class EventValidator:
    """Validates events. `tolerance` is how far in the future an event may be, `max_bytes` how large."""

    def __init__(self, tokens: TokenSigner, tolerance: timedelta, max_bytes: int) -> None:
        self._tokens = tokens
        self._tolerance = tolerance
        self._max_bytes = max_bytes

    def validate(
        self, raws: Sequence[bytes | msgspec.Raw], now_ms: int, check_program: ProgramCheck
    ) -> ValidationResult:
        """Validates each event on its own. `check_program` is called once for each program."""
        result = ValidationResult()
        checked: set[str] = set()
        latest = to_datetime(now_ms) + self._tolerance
        for index, raw in enumerate(raws):
            line = bytes(raw)
            try:
                if len(line) > self._max_bytes:
                    raise self._too_large(line)
                fact = _decode(line)
                if fact.program not in checked:
                    check_program(fact.program)
                    checked.add(fact.program)
                if not _EARLIEST <= fact.occurred_at <= latest or fact.click is not None or type(fact) is OrderPaid:
                    self._check(fact, latest)
                if fact.occurred_at.tzinfo is not UTC or b"\n" in line:
                    line = _normalize(fact)
                result.accepted.append((person_key(fact.program, fact.person), line))
            except EventRejected as rejected:
                result.rejected.append(rejected.to_event_error(index))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                result.rejected.append(from_decode_error(error).to_event_error(index))
        return result

    def validate_mapped(
        self, items: Sequence[MappedItem], now_ms: int, check_program: ProgramCheck
    ) -> ValidationResult:
        """Validates events that an adapter mapped; the errors point into what the platform sent."""
        mapped = [(index, item) for index, item in enumerate(items) if isinstance(item, MappedEvent)]
        result = self.validate([event.line for _, event in mapped], now_ms, check_program)
        rejected = [_at_source(error, *mapped[error.index]) for error in result.rejected]
        rejected += [
            EventRejected(item.code, item.pointer, item.detail).to_event_error(index)
            for index, item in enumerate(items)
            if isinstance(item, MappingError)
        ]
        return ValidationResult(result.accepted, sorted(rejected, key=lambda error: error.index))

    def _too_large(self, line: bytes) -> EventRejected:
        return EventRejected("too_large", "", f"The event has {len(line)} bytes; the maximum is {self._max_bytes}.")

    def _check(self, fact: Fact, latest: datetime) -> None:
        """The rules that few events can violate. A call for every event would cost half as much again as decoding it."""
        if fact.occurred_at > latest:
            problem = f"`occurred_at` must not be later than {latest.isoformat(timespec='seconds')}."
            raise EventRejected("in_the_future", "/occurred_at", problem)
        if fact.occurred_at < _EARLIEST:
            raise EventRejected("too_long_ago", "/occurred_at", "`occurred_at` must not be before the year 2000.")
        if fact.click is not None:
            self._check_click(fact.click, fact.program, latest)
        if type(fact) is OrderPaid:
            _check_order(fact.data)

    def _check_click(self, token: str, program: str, latest: datetime) -> None:
        try:
            click = self._tokens.read_click(token)
        except InvalidTokenError as error:
            raise EventRejected("bad_token", "/click", f"The click token is {error}.") from None
        latest_ms = to_ms(latest)
        if click.program != program or click.clicked_at_ms > latest_ms:
            raise EventRejected("bad_token", "/click", "The click token is for another program, or from the future.")
        if click.clicked_at_ms < latest_ms - _TOKEN_LIFETIME_MS:
            raise EventRejected("expired_token", "/click", "The click token has expired.")


def _check_order(order: Order) -> None:
    if not (order.amount.is_finite() and 0 <= order.amount < _MAX_AMOUNT):
        raise EventRejected("invalid_value", "/data/amount", "`amount` must be a number from 0 to 10^15.")
    try:
        currency_of_event(order.currency)
    except InvalidValue as error:
        raise EventRejected("invalid_value", "/data/currency", f"`currency` {error}.") from None


def _normalize(fact: Fact) -> bytes:
    """The event as one line, in UTC."""
    return _encode(replace(fact, occurred_at=fact.occurred_at.astimezone(UTC)))


def _at_source(error: EventError, index: int, event: MappedEvent) -> EventError:
    return EventError(index, error.code, event.source_pointer(error.pointer), error.detail)
