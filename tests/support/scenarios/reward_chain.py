"""The four folds from events to rewards over one log in memory; and the trace of a person through it."""

from typing import TypeVar

import msgspec

from conversion_tracker.domain.ban import Ban
from conversion_tracker.domain.conversion import Conversion
from conversion_tracker.domain.explanation import winner
from conversion_tracker.domain.person import Person
from conversion_tracker.domain.rules import rules_of
from conversion_tracker.domain.screening.referrer import Referrer
from conversion_tracker.explaining.places import Place
from conversion_tracker.explaining.reading import Bounds, Reading
from conversion_tracker.explaining.trail import Asked, Trail, walk
from conversion_tracker.folds.attribute import AttributeFold, person_key
from conversion_tracker.folds.screen import ScreenFold
from conversion_tracker.folds.screening.handler import State, conversion_at, referrer_at
from referral.clock import ManualClock
from referral.events.entities import ProgramVersion
from referral.events.facts import Fact
from referral.events.ids import referral_id
from referral.events.line import ClockTicked
from referral.events.moment import to_ms
from referral.log.lookup import Lookup
from referral.log.memory import MemoryLog, MemoryLookup
from referral.log.records import join, split
from referral.topics import partition_of
from reward_dispatcher.folds.decide import DecideFold
from reward_dispatcher.folds.ledger import LedgerFold
from tests.support.builders.conversion_tracker import TOKENS, catalog
from tests.support.builders.participants import PROGRAM, day
from tests.support.folds import PARTITIONS, LogFold

Kind = TypeVar("Kind")


class RewardChain:
    """A log and four folds on it. `append` writes facts, `drain` folds everything."""

    def __init__(self, terms: ProgramVersion, screen: ScreenFold | None = None) -> None:
        self.terms = terms
        self.catalog = catalog(terms)
        self.clock = ManualClock(to_ms(day(5)))
        self.log = MemoryLog(self.clock)
        folds = [
            AttributeFold(TOKENS, 35),
            screen or ScreenFold(),
            DecideFold(),
            LedgerFold(lambda id: id[-8:].upper()),
        ]
        self.folds = {fold.name: LogFold(fold, self.catalog, self.log) for fold in folds}

    def append(self, *facts: Fact) -> "RewardChain":
        """Appends facts, one record for each partition; returns itself."""
        records: dict[int, list[bytes]] = {}
        for fact in facts:
            partition = partition_of(f"{fact.program}|{fact.person}", PARTITIONS)
            records.setdefault(partition, []).append(msgspec.json.encode(fact))
        for partition, lines in records.items():
            self.log.append("events", partition, join(lines))
        return self

    def tick(self, days: float) -> "RewardChain":
        """Sets the clock and appends its tick to every partition; returns itself."""
        self.clock.advance(max(0, to_ms(day(days)) - self.clock.now_ms()))
        self.folds["attribute"].append_tick(ClockTicked(id=f"clk_{days}", occurred_at=day(days)))
        return self

    def drain(self) -> "RewardChain":
        """Folds everything, the later folds after the earlier ones; returns itself."""
        for fold in self.folds.values():
            fold.drain()
        return self

    def turn(self, number: int) -> None:
        """Runs one turn of one fold."""
        list(self.folds.values())[number % len(self.folds)].turn()

    def repeat_last_records(self, topic: str) -> None:
        """Appends the last record of each partition again, as a fold does that dies between producing and applying."""
        for partition in range(PARTITIONS):
            if records := self.log.records[topic, partition]:
                self.log.append(topic, partition, records[-1].value)

    def line(self, place: Place) -> bytes:
        """Returns the bytes of the line at a position, read directly."""
        return split(self.log.records[place.topic, place.partition][place.offset].value)[place.line]

    def trail_request(self, person: str) -> Asked:
        """Returns what the API reads of a person before it follows the trace."""
        partition = partition_of(f"{PROGRAM}|{person}", PARTITIONS)
        raw = self.folds["attribute"].value(partition, person_key(PROGRAM, person))
        state = msgspec.msgpack.decode(raw, type=Person) if raw else Person()
        won = winner(state.history.course(), rules_of(self.terms), self.terms.program.attribution.model)
        if won is None:
            return Asked(PROGRAM, person, state.history)
        participant = self.catalog.participant(won.referrer)
        assert participant is not None
        conversion = self._conversion(won.referrer, referral_id(PROGRAM, person, won.referrer))
        bans = tuple(ban.at for ban in (state.ban, self._ban(won.referrer)) if ban is not None)
        return Asked(PROGRAM, person, state.history, won, won.referrer, participant.external_id, conversion, bans)

    def _ban(self, referrer: str) -> Ban | None:
        found = self._screen_state(referrer, referrer_at(PROGRAM, referrer), Referrer)
        return found.ban if found else None

    def _conversion(self, referrer: str, referral: str) -> Conversion | None:
        return self._screen_state(referrer, conversion_at(referral), Conversion)

    def _screen_state(self, referrer: str, key: str, kind: type[Kind]) -> Kind | None:
        raw = self.folds["screen"].value(partition_of(f"{PROGRAM}|{referrer}", PARTITIONS), key)
        found = msgspec.msgpack.decode(raw, type=State) if raw else None
        return found if isinstance(found, kind) else None

    def trail(self, person: str, lookup: Lookup | None = None, bounds: Bounds | None = None) -> Trail:
        """Returns a person's trace."""
        reading = Reading(lookup or MemoryLookup(self.log), bounds or Bounds(seconds=60))
        return walk(self.trail_request(person), reading, PARTITIONS)
