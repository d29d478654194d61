"""The attribute fold: events → attributions, rewards. Decides the verdict on a person from their whole history.

It publishes what changed. It is the fold that reads all orders, so it also passes those with the code of a reward on to the
ledger (`order_codes`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeGuard

from msgspec import Struct

from conversion_tracker.attribution.compiled_rules import CompiledRules, ProgramRules
from conversion_tracker.attribution.evidence import ORDER_FACTS, EvidenceReader, affects_attribution
from conversion_tracker.attribution.order_codes import order_code_lines
from conversion_tracker.attribution.order_events import order_events
from conversion_tracker.attribution.orders import with_order
from conversion_tracker.attribution.person import (
    Person,
    PersonChange,
    RulesByVersion,
    apply_entry,
    count_early,
    count_late,
    retention_due_at,
    withdraw_event,
)
from conversion_tracker.attribution.timeline import HistoryEntry
from conversion_tracker.attribution.verdict_events import AttributionEvent
from conversion_tracker.bans.ban_events import apply_ban_event, ban_index_change, to_referrer_event
from referral.bans import BANS_FOLD, BANS_SERVICE
from referral.catalog.view import Catalog
from referral.events import keys
from referral.events.attributions import attribution_key
from referral.events.facts import BanDecision, ClickReclassed, EventLine, EventWithdrawn, Fact, LinkClicked
from referral.events.line import ClockTicked
from referral.events.timestamps import DAY_MS, to_datetime, to_ms
from referral.fold.fold import Decision, Key, Output, Position, Timer
from referral.tokens import TokenSigner
from referral.topics import ATTRIBUTIONS, EVENTS, REWARDS, Topic

SERVICE, NAME = BANS_SERVICE, BANS_FOLD


def person_key(program: str, person: str) -> str:
    """Returns the state key of a Person in its partition."""
    return f"person:{keys.person_key(program, person)}"


def parse_person_key(key: str) -> tuple[str, str]:
    """Returns (program, person) of a state key. A program id contains no `|`; a person id may."""
    program, _, person = key.removeprefix("person:").partition("|")
    return program, person


def changes_person(line: EventLine) -> TypeGuard[Fact | BanDecision | EventWithdrawn]:
    """Returns whether a line can change the state of a person; the fold does nothing for any other line but a clock tick."""
    return affects_attribution(line) or isinstance(line, BanDecision | EventWithdrawn)


class AttributeFold:
    """Decides who referred whom. Facts that reached the log beyond the lateness bound change no verdict."""

    name = NAME
    service = SERVICE
    source: Topic = EVENTS
    outputs: Sequence[Topic] = (ATTRIBUTIONS, REWARDS)
    ignored: Sequence[type[Struct]] = (LinkClicked, ClickReclassed)
    state: object = Person
    keeps_order = False

    def __init__(self, tokens: TokenSigner, lateness_days: int) -> None:
        self._tokens = tokens
        self._lateness_ms = lateness_days * DAY_MS
        self._rules = CompiledRules()
        self._reader: EvidenceReader | None = None

    def keys(self, line: EventLine) -> Sequence[Key]:
        """Returns the key of the person if the line can affect their attribution."""
        if changes_person(line):
            return (person_key(line.program, line.person),)
        return ()

    def decide(
        self, line: EventLine, states: Mapping[Key, Person | float | None], catalog: Catalog, position: Position
    ) -> Decision[Person]:
        """Decides what the line changes about its person, and passes an order with a code on to the ledger."""
        if not affects_attribution(line):
            return self._decide_operators_line(line, states, catalog)
        decision = self._decide_fact(line, states, catalog, position)
        if type(line) in ORDER_FACTS:
            decision.outputs += order_code_lines(line, self._rules, catalog, position)
        return decision

    def _decide_fact(
        self, line: Fact, states: Mapping[Key, Person | float | None], catalog: Catalog, position: Position
    ) -> Decision[Person]:
        """A fact from before the program was recorded is only counted."""
        if (rules := self._rules.of_program(line.program, catalog)) is None:
            return Decision()
        at = to_ms(line.occurred_at)
        known_by = line.occurred_at if at <= position.recorded_at_ms else to_datetime(position.recorded_at_ms)
        key = person_key(line.program, line.person)
        before = states[key]
        person = before if isinstance(before, Person) else Person()
        reader = self._evidence_reader(catalog)
        entry = reader.history_entry(line, at, known_by, rules.in_force_at(known_by), position)
        if type(line) in ORDER_FACTS:
            entry = with_order(entry, line, at, known_by, rules, position)
        if entry is None:
            return Decision()
        if known_by < rules.known_from:
            return Decision({key: count_early(person)})
        if position.recorded_at_ms - at > self._lateness_ms:
            return Decision({key: count_late(person)})
        change = apply_entry(person, entry, line.program, line.person, rules.of_version)
        return _publish_with_orders(key, line, change, entry, rules, known_by) if change else Decision()

    def _decide_operators_line(
        self, line: EventLine, states: Mapping[Key, Person | float | None], catalog: Catalog
    ) -> Decision[Person]:
        if isinstance(line, BanDecision):
            return self._decide_ban(line, states, catalog)
        return self._withdraw(line, states, catalog) if isinstance(line, EventWithdrawn) else Decision()

    def _withdraw(
        self, line: EventWithdrawn, states: Mapping[Key, Person | float | None], catalog: Catalog
    ) -> Decision[Person]:
        """Decides the verdict again without the event; what is reversed is a correction, dated as what it corrects."""
        rules = self._rules.of_program(line.program, catalog)
        before = states[key := person_key(line.program, line.person)]
        if rules is None or not isinstance(before, Person):
            return Decision()
        change = withdraw_event(before, line.event, line.program, line.person, rules.of_version)
        return _publish_with_orders(key, line, change, None, rules, line.occurred_at) if change else Decision()

    def _decide_ban(
        self, line: BanDecision, states: Mapping[Key, Person | float | None], catalog: Catalog
    ) -> Decision[Person]:
        """Reverses or restores the person's own referral. An output line passes the decision on to the referrals they made."""
        rules = self._rules.of_program(line.program, catalog)
        if rules is None:
            return Decision()
        key = person_key(line.program, line.person)
        before = states[key]
        change = apply_ban_event(line, before if isinstance(before, Person) else Person(), rules.of_version)
        if change is None:
            return Decision()
        decision = _publish_with_orders(key, line, change, None, rules, line.occurred_at)
        referrer_event = to_referrer_event(line)
        decision.changes.update(ban_index_change(line))
        decision.outputs.append(Output(ATTRIBUTIONS, referrer_event, attribution_key(referrer_event)))
        return decision

    def _evidence_reader(self, catalog: Catalog) -> EvidenceReader:
        if self._reader is None or self._reader.catalog is not catalog:
            self._reader = EvidenceReader(catalog, self._tokens)
        return self._reader

    def on_timer(
        self, tick: ClockTicked, key: str, state: Person, catalog: Catalog, position: Position
    ) -> Decision[Person]:
        """Qualifies the referral of a person who still follows after the retention period. A tick alone attributes nothing."""
        program, person = parse_person_key(key)
        rules = self._rules.of_program(program, catalog)
        if rules is None:
            return Decision()
        change = apply_entry(state, None, program, person, rules.of_version, to_ms(tick.occurred_at))
        return _publish(key, *change, rules.of_version) if change else Decision()


def _publish_with_orders(
    key: str,
    line: Fact | BanDecision | EventWithdrawn,
    change: PersonChange,
    entry: HistoryEntry | None,
    rules: ProgramRules,
    moment: datetime,
) -> Decision[Person]:
    """The change, and the lines about orders if the program rewarded orders by a moment."""
    person, events = change
    decision = _publish(key, person, events, rules.of_version)
    if rules.rewards_orders_by(moment):
        orders = order_events(line.program, line.person, person, entry, events, rules.of_version)
        decision.outputs += [Output(ATTRIBUTIONS, one, attribution_key(one)) for one in orders]
    return decision


def _publish(
    key: str, person: Person, events: Sequence[AttributionEvent], rules_by_version: RulesByVersion
) -> Decision[Person]:
    decision = Decision({key: person}, [Output(ATTRIBUTIONS, event, attribution_key(event)) for event in events])
    published = person.published
    if published is not None and published.qualified_at is None and (due := retention_due_at(person, rules_by_version)):
        decision.changes[Timer(key)] = float(due)
    return decision
