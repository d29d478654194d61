"""Events → attributions: every person judged whole, and the difference to the last verdict said."""

from collections.abc import Mapping, Sequence

from conversion_tracker.attribution.compiled_rules import Rulebook
from conversion_tracker.attribution.evidence import EvidenceReader, bears
from conversion_tracker.attribution.orders import SALES, with_sale
from conversion_tracker.attribution.person import Person, RulesOf, noted, too_late, waits_until
from conversion_tracker.attribution.rules import DAY_MS
from conversion_tracker.attribution.verdict_events import Saying
from conversion_tracker.bans.ban_events import listed, obeyed, passed_on
from referral.catalog.view import Catalog
from referral.events import keys
from referral.events.attributions import attribution_key
from referral.events.facts import BanDecision, EventLine
from referral.events.line import ClockTicked
from referral.events.timestamps import to_datetime, to_ms
from referral.fold.fold import Decision, Key, Output, Position, Timer
from referral.tokens import TokenSigner
from referral.topics import ATTRIBUTIONS, EVENTS, Topic

SERVICE = "ct"
NAME = "attribute"


def person_key(program: str, person: str) -> str:
    """Where a Person lies in its partition."""
    return f"person:{keys.person_key(program, person)}"


def program_and_person(key: str) -> tuple[str, str]:
    """Whose Person lies under a key. A program's id has no `|`; a person's may."""
    program, _, person = key.removeprefix("person:").partition("|")
    return program, person


class AttributeFold:
    """Who brought whom. Facts older than the lateness bound when they reached the log change no verdict."""

    name = NAME
    service = SERVICE
    source: Topic = EVENTS
    outputs: Sequence[Topic] = (ATTRIBUTIONS,)
    state: object = Person

    def __init__(self, tokens: TokenSigner, lateness_days: int) -> None:
        self._tokens = tokens
        self._lateness_ms = lateness_days * DAY_MS
        self._rulebook = Rulebook()
        self._reader: EvidenceReader | None = None

    def keys(self, line: EventLine) -> Sequence[Key]:
        """The person, where the line has a part in who brought them."""
        if bears(line) or isinstance(line, BanDecision):
            return (person_key(line.program, line.person),)
        return ()

    def decide(
        self, line: EventLine, states: Mapping[Key, Person | float | None], catalog: Catalog, position: Position
    ) -> Decision[Person]:
        """What the line changes about its person. A program that was not known by then is not ours to judge."""
        if isinstance(line, BanDecision):
            return self._banned(line, states, catalog)
        if not bears(line) or (page := self._rulebook.page(line.program, catalog)) is None:
            return Decision()
        at = to_ms(line.occurred_at)
        by = line.occurred_at if at <= position.recorded_at_ms else to_datetime(position.recorded_at_ms)
        if by < page.known_from:
            return Decision()
        key = person_key(line.program, line.person)
        before = states[key]
        person = before if isinstance(before, Person) else Person()
        entry = self._reader_of(catalog).entry(line, at, by, page.at(by), position)
        if type(line) in SALES:
            entry = with_sale(entry, line, at, by, page, position)
        if entry is None:
            return Decision()
        if position.recorded_at_ms - at > self._lateness_ms:
            return Decision({key: too_late(person)})
        news = noted(person, entry, line.program, line.person, page.of)
        return _said(key, *news, page.of) if news else Decision()

    def _banned(
        self, line: BanDecision, states: Mapping[Key, Person | float | None], catalog: Catalog
    ) -> Decision[Person]:
        """The person's own referral falls or comes back; what they brought is decided on where it lies."""
        key = person_key(line.program, line.person)
        before, page = states[key], self._rulebook.page(line.program, catalog)
        news = obeyed(line, before if isinstance(before, Person) else Person(), page.of) if page else None
        if page is None or news is None:
            return Decision()
        decision, onward = _said(key, *news, page.of), passed_on(line)
        decision.changes.update(listed(line))
        decision.outputs.append(Output(ATTRIBUTIONS, onward, attribution_key(onward)))
        return decision

    def _reader_of(self, catalog: Catalog) -> EvidenceReader:
        if self._reader is None or self._reader.catalog is not catalog:
            self._reader = EvidenceReader(catalog, self._tokens)
        return self._reader

    def on_timer(
        self, tick: ClockTicked, key: str, state: Person, catalog: Catalog, position: Position
    ) -> Decision[Person]:
        """Who still follows after as long as the program asks is qualified now. By itself time brings nobody."""
        program, person = program_and_person(key)
        page = self._rulebook.page(program, catalog)
        news = noted(state, None, program, person, page.of, to_ms(tick.occurred_at)) if page else None
        return _said(key, *news, page.of) if page and news else Decision()


def _said(key: str, person: Person, sayings: Sequence[Saying], rules_of: RulesOf) -> Decision[Person]:
    decision = Decision({key: person}, [Output(ATTRIBUTIONS, line, attribution_key(line)) for line in sayings])
    if person.said is not None and person.said.qualified is None and (moment := waits_until(person, rules_of)):
        decision.changes[Timer(key)] = float(moment)
    return decision
