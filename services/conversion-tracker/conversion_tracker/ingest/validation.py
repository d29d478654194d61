"""Inspects events at the door: typed decode, then the rules that need more than the event itself. The hot path of the system.

What is good goes to the log as the very bytes that came; only a line that would break NDJSON or tells another zone is written anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec.structs import replace

from conversion_tracker.ingest.event_errors import EventError, EventRejected, from_decode_error
from referral.events.facts import Fact, OrderPaid
from referral.events.keys import person_key
from referral.events.timestamps import to_datetime, to_ms
from referral.tokens import InvalidTokenError, TokenSigner

KeyedLine = tuple[str, bytes]

# The widest window a program may have (365 days) and the lateness bound's 35: beyond that a click decides nothing.
_TOKEN_LIFETIME_MS = 400 * 24 * 3600 * 1000
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_AMOUNT = 10**15
_decode: Callable[[bytes], Fact] = msgspec.json.Decoder(Fact).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class ValidationResult:
    """What came of a body: lines for the log with their keys, and what was refused."""

    accepted: list[KeyedLine] = field(default_factory=list)
    rejected: list[EventError] = field(default_factory=list)


class EventValidator:
    """Inspects events. `tolerance` is how far ahead an event may say it happened, `largest` how many bytes it may have."""

    def __init__(self, tokens: TokenSigner, tolerance: timedelta, largest: int) -> None:
        self._tokens = tokens
        self._tolerance = tolerance
        self._max_bytes = largest

    def validate(
        self, raws: Sequence[bytes | msgspec.Raw], now_ms: int, check_program: Callable[[str], None]
    ) -> ValidationResult:
        """A verdict on each. `admit` raises Refused for a program that events may not be sent to."""
        found = ValidationResult()
        admitted: set[str] = set()
        latest = to_datetime(now_ms) + self._tolerance
        for index, raw in enumerate(raws):
            line = bytes(raw)
            try:
                if len(line) > self._max_bytes:
                    raise self._too_large_error(line)
                fact = _decode(line)
                if fact.program not in admitted:
                    check_program(fact.program)
                    admitted.add(fact.program)
                if not _EARLIEST <= fact.occurred_at <= latest or fact.click is not None or type(fact) is OrderPaid:
                    self._check(fact, latest)
                if fact.occurred_at.tzinfo is not UTC or b"\n" in line:
                    line = _normalize(fact)
                found.accepted.append((person_key(fact.program, fact.person), line))
            except EventRejected as refused:
                found.rejected.append(refused.to_event_error(index))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                found.rejected.append(from_decode_error(error).to_event_error(index))
        return found

    def _too_large_error(self, line: bytes) -> EventRejected:
        return EventRejected("too_large", "", f"The event has {len(line)} bytes; {self._max_bytes} at most are taken.")

    def _check(self, fact: Fact, latest: datetime) -> None:
        """The rules, for the few events that one may refuse; calling it for each would cost half as much again as decoding."""
        if fact.occurred_at > latest:
            raise EventRejected(
                "in_the_future", "/occurred_at", f"It is later than {latest.isoformat(timespec='seconds')}."
            )
        if fact.occurred_at < _EARLIEST:
            raise EventRejected("too_long_ago", "/occurred_at", "It is before the year 2000.")
        if fact.click is not None:
            self._check_click(fact.click, fact.program, latest)
        if type(fact) is OrderPaid and not (fact.data.amount.is_finite() and 0 <= fact.data.amount < _MAX_AMOUNT):
            raise EventRejected("invalid_value", "/data/amount", "The amount is no sum of money.")

    def _check_click(self, token: str, program: str, latest: datetime) -> None:
        try:
            click = self._tokens.read_click(token)
        except InvalidTokenError as error:
            raise EventRejected("bad_token", "/click", f"The click token is {error}.") from None
        latest_ms = to_ms(latest)
        if click.program != program or click.clicked_at_ms > latest_ms:
            raise EventRejected("bad_token", "/click", "The click token is another program's, or from the future.")
        if click.clicked_at_ms < latest_ms - _TOKEN_LIFETIME_MS:
            raise EventRejected("expired_token", "/click", "The click token has expired.")


def _normalize(fact: Fact) -> bytes:
    """The fact as one line, in UTC."""
    return _encode(replace(fact, occurred_at=fact.occurred_at.astimezone(UTC)))
