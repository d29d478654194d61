"""The rules for events that need more than their own types: ids, times, click tokens, amounts, and whether evidence leads anywhere.

Most events pass without them (`EventValidator` decides which do not); so this module may take its time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from conversion_tracker.attribution.evidence import affects_attribution
from conversion_tracker.ingest.event_errors import EventRejected, unknown_field
from conversion_tracker.ingest.event_warnings import (
    EventWarning,
    before_program,
    beyond_lateness,
    field_left_out,
)
from conversion_tracker.ingest.evidence_warnings import evidence_warnings
from conversion_tracker.ingest.program_terms import ProgramTerms
from referral.code_cipher import CodeCipher
from referral.events.currencies import currency_of_event
from referral.events.facts import (
    ChallengeJoined,
    CodeScanned,
    ContentShared,
    Fact,
    FriendTagged,
    Order,
    OrderCancelled,
    OrderPaid,
    OrderRefunded,
    OrderReinstated,
    PostSubmitted,
    PostVoted,
    Refund,
    SubmissionAppealed,
)
from referral.events.ids import is_person_id
from referral.events.money import Value, in_main_unit, money
from referral.events.normal_forms import normalize_code, normalize_mention, normalize_person_id
from referral.events.timestamps import DAY_MS, to_ms
from referral.events.value_checks import InvalidValue, legible
from referral.people.pseudonyms import Pseudonyms
from referral.tokens import InvalidTokenError, TokenSigner

# The longest attribution window (365 days) plus the maximum lateness (35 days): an older click cannot win.
_TOKEN_LIFETIME_MS = 400 * DAY_MS
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_AMOUNT = 10**15
_LISTED = 5  # challenges that an error names
_MAX_REWARD_CODE = 128  # in the normal form

_OF_CHALLENGES = (ChallengeJoined, PostSubmitted, SubmissionAppealed, PostVoted)
_OF_ORDERS = (OrderPaid, OrderRefunded, OrderCancelled, OrderReinstated)
ALWAYS_CHECKED: frozenset[type[Fact]] = frozenset(
    {*_OF_ORDERS, *_OF_CHALLENGES, CodeScanned, FriendTagged, ContentShared}
)
"""The types whose `data` have rules of their own."""


@dataclass(frozen=True, slots=True)
class EventChecker:
    """The rules at one time. `latest` is the latest time that an event may have, `lateness` how late it may arrive to count."""

    tokens: TokenSigner
    pseudonyms: Pseudonyms
    codes: CodeCipher
    now: datetime
    latest: datetime
    lateness: timedelta

    def earliest(self, terms: ProgramTerms) -> datetime:
        """The earliest time from which events of a program need no check."""
        return max(_EARLIEST, terms.counts_from, self.now - self.lateness)

    def check(
        self, index: int, fact: Fact, terms: ProgramTerms, codes: set[str | None], warnings: list[EventWarning]
    ) -> Fact:
        """Returns the event without invalid optional fields, with mentions and other people as pseudonyms. Raises EventRejected.

        Adds the code to `codes` if it is known, and to `warnings` what is wrong with the event.
        """
        self._check_time(fact)
        if fact.look_alike is not None:
            raise unknown_field("", "look_alike")
        if isinstance(fact, _OF_ORDERS):
            _check_order_id(fact.data.order)
        elif isinstance(fact, _OF_CHALLENGES):
            _check_challenge(fact.data.challenge, terms)
        if type(fact) is OrderPaid:
            _check_order(fact.data)
            fact, unusable = self._with_sealed_code(fact)
            warnings += [field_left_out(index, one) for one in unusable]
        elif type(fact) is OrderRefunded:
            _check_refund(fact.data)
        fact, lost = self._without_invalid_evidence(self._with_person_ids(fact))
        warnings += [field_left_out(index, one) for one in lost]
        if affects_attribution(fact):
            warnings += self._time_warnings(index, fact, terms)
        warnings += evidence_warnings(index, fact, terms, codes)
        return fact

    def _with_sealed_code(self, fact: OrderPaid) -> tuple[OrderPaid, list[EventRejected]]:
        """The event with the code of a reward sealed; without the code if that is empty, or too long in its normal form."""
        data = fact.data
        if data.sealed_reward_code is not None:
            raise unknown_field("/data", "sealed_reward_code")
        if data.reward_code is None:
            return fact, []
        code = normalize_code(data.reward_code)
        if not 1 <= len(code) <= _MAX_REWARD_CODE:
            text = f"`data.reward_code` contains no code: one has 1 to {_MAX_REWARD_CODE} characters."
            problem = EventRejected("invalid_value", "/data/reward_code", text)
            return replace(fact, data=replace(data, reward_code=None, reward_amount=None)), [problem]
        sealed = self.codes.seal_for_order(fact.program, data.order, code)
        return replace(fact, data=replace(data, reward_code=None, sealed_reward_code=sealed)), []

    def _with_person_ids(self, fact: Fact) -> Fact:
        """The event with the person ids of people other than its own person. Raises EventRejected."""
        if isinstance(fact, FriendTagged):
            by = self._person_id(fact.program, fact.data.by, "data.by")
            return replace(fact, data=replace(fact.data, by=by))
        if isinstance(fact, PostVoted):
            author = self._person_id(fact.program, fact.data.author, "data.author")
            return replace(fact, data=replace(fact.data, author=author))
        if isinstance(fact, ContentShared) and fact.data.participant is not None:
            participant = self._person_id(fact.program, fact.data.participant, "data.participant")
            return replace(fact, data=replace(fact.data, participant=participant))
        return fact

    def _person_id(self, program: str, text: str, field: str) -> str:
        """The person id of an external id, or of a participant's own."""
        try:
            return text if is_person_id(text) else self.pseudonyms.person_id(program, normalize_person_id(text))
        except InvalidValue as error:
            raise EventRejected("invalid_value", f"/{field.replace('.', '/')}", f"`{field}` {error}.") from None

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
        elif fact.mention is not None:
            fact = replace(fact, mention=self.pseudonyms.mention(fact.program, fact.mention))
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


def _check_order_id(order: str) -> None:
    """Refuses control characters: answers and pages quote the id, and no address can have them."""
    try:
        legible(order)
    except InvalidValue as error:
        raise EventRejected("invalid_value", "/data/order", f"`order` {error}.") from None


def _check_challenge(challenge: str, terms: ProgramTerms) -> None:
    known = terms.challenges()
    if challenge not in known:
        listed = ", ".join(known[:_LISTED]) if known else "none: declare it in `challenges` of the program file first"
        problem = f"`data.challenge` must be a challenge of the program ({listed}); got {challenge!r}."
        raise EventRejected("invalid_value", "/data/challenge", problem)


def _check_order(order: Order) -> None:
    if not (order.amount.is_finite() and 0 <= order.amount < _MAX_AMOUNT):
        raise EventRejected("invalid_value", "/data/amount", "`amount` must be a number from 0 to 10^15.")
    used = order.reward_amount
    if used is not None and not (used.is_finite() and 0 < used < _MAX_AMOUNT):
        problem = "`reward_amount` must be a number above 0, up to 10^15; leave it out if all that is left of the reward was used."
        raise EventRejected("invalid_value", "/data/reward_amount", problem)
    if used is not None and order.reward_code is None:
        problem = "`reward_amount` needs the `reward_code` that it was taken from."
        raise EventRejected("invalid_value", "/data/reward_amount", problem)
    try:
        currency = currency_of_event(order.currency)
    except InvalidValue as error:
        raise EventRejected("invalid_value", "/data/currency", f"`currency` {error}.") from None
    if used is not None and money(used, currency).amount == 0:
        problem = f"`reward_amount` must be at least {in_main_unit(Value(1, currency))} {currency}; leave it out if all was used."
        raise EventRejected("invalid_value", "/data/reward_amount", problem)


def _check_refund(refund: Refund) -> None:
    amount = refund.amount
    if amount is not None and not (amount.is_finite() and 0 < amount < _MAX_AMOUNT):
        problem = "`amount` must be a number above 0, up to 10^15; leave it out if the whole order was refunded."
        raise EventRejected("invalid_value", "/data/amount", problem)
