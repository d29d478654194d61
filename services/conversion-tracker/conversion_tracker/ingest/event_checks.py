"""The rules for events that need more than their own types: ids, times, click tokens, amounts, and whether evidence leads anywhere.

Most events pass without them (`EventValidator` decides which do not); so this module may take its time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import get_args

from msgspec.structs import replace

from conversion_tracker.attribution.evidence import affects_attribution
from conversion_tracker.ingest.event_errors import EventRejected
from conversion_tracker.ingest.event_warnings import (
    EventWarning,
    before_program,
    beyond_lateness,
    field_left_out,
    unknown_code,
    unknown_mention,
)
from conversion_tracker.ingest.program_terms import ProgramTerms
from referral.events.currencies import currency_of_event
from referral.events.facts import CodeScanned, ContentShared, Fact, FriendTagged, Order, OrderPaid
from referral.events.normal_forms import normalize_code, normalize_mention, normalize_person_id
from referral.events.timestamps import DAY_MS, to_ms
from referral.events.value_checks import InvalidValue
from referral.tokens import InvalidTokenError, TokenSigner

# The longest attribution window (365 days) plus the maximum lateness (35 days): an older click cannot win.
_TOKEN_LIFETIME_MS = 400 * DAY_MS
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_AMOUNT = 10**15
_WORDS = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,31}")
_MAX_WORDS = 8
_MAX_KNOWN_CODES = 10_000  # of one program, at most a few megabytes

ALL_TYPES = frozenset(get_args(Fact))
ALWAYS_CHECKED: frozenset[type[Fact]] = frozenset({OrderPaid, CodeScanned, FriendTagged, ContentShared})
"""The types whose `data` have rules of their own."""


class KnownCodes:
    """The codes of each program that were found before. A code never moves to another program, so they stay known."""

    def __init__(self) -> None:
        self._by_program: dict[str, set[str | None]] = {}

    def of_program(self, program: str) -> set[str | None]:
        """The set of a program, to be added to. It includes None, for events without a code, and is bounded."""
        codes = self._by_program.setdefault(program, {None})
        if len(codes) > _MAX_KNOWN_CODES:
            codes = self._by_program[program] = {None}
        return codes


@dataclass(frozen=True, slots=True)
class EventChecker:
    """The rules at one time. `latest` is the latest time that an event may have, `lateness` how late it may arrive to count."""

    tokens: TokenSigner
    now: datetime
    latest: datetime
    lateness: timedelta

    def earliest(self, terms: ProgramTerms) -> datetime:
        """The earliest time from which events of a program need no check."""
        return max(_EARLIEST, terms.counts_from, self.now - self.lateness)

    def check(
        self, index: int, fact: Fact, terms: ProgramTerms, codes: set[str | None], warnings: list[EventWarning]
    ) -> Fact:
        """Returns the event in normal form and without invalid optional fields. Raises EventRejected.

        Adds the code to `codes` if it is known, and to `warnings` what is wrong with the event.
        """
        self._check_time(fact)
        if type(fact) is OrderPaid:
            _check_order(fact.data)
        fact, lost = self._without_invalid_evidence(_with_normal_ids(fact))
        warnings += [field_left_out(index, one) for one in lost]
        if affects_attribution(fact):
            warnings += self._time_warnings(index, fact, terms)
        warnings += _evidence_warnings(index, fact, terms, codes)
        return fact

    def _check_time(self, fact: Fact) -> None:
        if fact.occurred_at > self.latest:
            problem = f"`occurred_at` must not be later than {self.latest.isoformat(timespec='seconds')}."
            raise EventRejected("in_the_future", "/occurred_at", problem)
        if fact.occurred_at < _EARLIEST:
            raise EventRejected("too_long_ago", "/occurred_at", "`occurred_at` must not be before the year 2000.")

    def _without_invalid_evidence(self, fact: Fact) -> tuple[Fact, list[EventRejected]]:
        lost: list[EventRejected] = []
        if fact.code is not None and not normalize_code(fact.code):
            lost.append(EventRejected("invalid_value", "/code", "`code` contains no code."))
        if fact.mention is not None and normalize_mention(fact.mention) == "@":
            lost.append(EventRejected("invalid_value", "/mention", "`mention` contains no handle."))
        if fact.click is not None:
            fact = replace(fact, click=fact.click.strip()) if fact.click != fact.click.strip() else fact
            try:
                self._check_click(fact.click or "", fact.program)
            except EventRejected as rejected:
                lost.append(rejected)
        return (replace(fact, **{one.pointer[1:]: None for one in lost}) if lost else fact), lost

    def _check_click(self, token: str, program: str) -> None:
        try:
            click = self.tokens.read_click(token)
        except InvalidTokenError as error:
            raise EventRejected("bad_token", "/click", f"The click token is {error}.") from None
        latest_ms = to_ms(self.latest)
        if click.program != program or click.clicked_at_ms > latest_ms:
            raise EventRejected("bad_token", "/click", "The click token is for another program, or from the future.")
        if click.clicked_at_ms < latest_ms - _TOKEN_LIFETIME_MS:
            raise EventRejected("expired_token", "/click", "The click token has expired.")

    def _time_warnings(self, index: int, fact: Fact, terms: ProgramTerms) -> Iterator[EventWarning]:
        if fact.occurred_at < terms.counts_from:
            yield before_program(index, fact.program, terms.counts_from.strftime("%Y-%m-%dT%H:%M:%SZ"))
        elif fact.occurred_at < self.now - self.lateness:
            yield beyond_lateness(index, self.lateness.days)


def _check_order(order: Order) -> None:
    if not (order.amount.is_finite() and 0 <= order.amount < _MAX_AMOUNT):
        raise EventRejected("invalid_value", "/data/amount", "`amount` must be a number from 0 to 10^15.")
    try:
        currency_of_event(order.currency)
    except InvalidValue as error:
        raise EventRejected("invalid_value", "/data/currency", f"`currency` {error}.") from None


def _with_normal_ids(fact: Fact) -> Fact:
    """The event with each person's id in its normal form. Raises EventRejected."""
    person = _normal_id(fact.person, "person")
    if person != fact.person:
        fact = replace(fact, person=person)
    if isinstance(fact, FriendTagged) and (by := _normal_id(fact.data.by, "data.by")) != fact.data.by:
        fact = replace(fact, data=replace(fact.data, by=by))
    return fact


def _normal_id(id_: str, field: str) -> str:
    try:
        return normalize_person_id(id_)
    except InvalidValue as error:
        raise EventRejected("invalid_value", f"/{field.replace('.', '/')}", f"`{field}` {error}.") from None


def _evidence_warnings(index: int, fact: Fact, terms: ProgramTerms, codes: set[str | None]) -> Iterator[EventWarning]:
    sent = {"/code": fact.code}
    if isinstance(fact, CodeScanned) and fact.data.scene is not None:
        sent = {"/data/scene": fact.data.scene}
    elif isinstance(fact, ContentShared):
        sent |= {"/data/code": fact.data.code}
    for pointer, code in sent.items():
        if code in codes or terms.has_code(code or ""):
            codes.add(code)
        else:
            yield unknown_code(index, pointer, fact.program, _contained_code(code or "", terms))
    if fact.mention is not None and not terms.has_mention(fact.mention):
        yield unknown_mention(index, fact.program)


def _contained_code(text: str, terms: ProgramTerms) -> str | None:
    """A known code in a text, such as AMY88 in 我是AMY88推荐来的; None if there is none among the first words."""
    words = islice(_WORDS.finditer(normalize_code(text)), _MAX_WORDS)
    return next((word[0] for word in words if terms.has_code(word[0])), None)
