"""The folds from events to rewards over one log in memory; and the trace of a person through it."""

from typing import TypeVar

import msgspec

from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.considered_touches import winning_touch
from conversion_tracker.attribution.fold import AttributeFold, person_key
from conversion_tracker.attribution.person import Person
from conversion_tracker.bans.ban import Ban
from conversion_tracker.explain.log_positions import LogPosition
from conversion_tracker.explain.trace import Trace, TraceSubject, build_trace
from conversion_tracker.explain.trace_reader import ReadLimits, TraceReader
from conversion_tracker.screening.conversion import Conversion
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.line_handler import ScreenState, conversion_state_key, history_state_key
from conversion_tracker.screening.referrer_history import ReferrerHistory
from referral.clock import ManualClock
from referral.events import keys
from referral.events.entities import ProgramVersion
from referral.events.facts import Fact
from referral.events.ids import referral_id
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.key_ring import KeyRing
from referral.log.log_reader import LogReader
from referral.log.memory_log import MemoryLog, MemoryLogReader
from referral.log.records import join, split
from referral.topics import partition_of
from reward_dispatcher.folds.decide_fold import DecideFold
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.folds.pools_fold import PoolsFold
from reward_dispatcher.sealed_codes import CodeSealer
from tests.support.builders.conversion_tracker import TOKENS, catalog
from tests.support.builders.participants import PROGRAM, day
from tests.support.folds import PARTITIONS, LogFold

Kind = TypeVar("Kind")


class RewardChain:
    """A log and the folds on it. `append` writes facts, `drain` folds everything."""

    def __init__(self, terms: ProgramVersion, screen: ScreenFold | None = None) -> None:
        self.terms = terms
        self.catalog = catalog(terms)
        self.clock = ManualClock(to_ms(day(5)))
        self.log = MemoryLog(self.clock)
        folds = [
            AttributeFold(TOKENS, 35),
            screen or ScreenFold(),
            DecideFold(""),
            LedgerFold(lambda _, id, _form: id[-8:].upper(), CodeSealer(KeyRing.parse("", "k" * 32))),
            PoolsFold(CodeSealer(KeyRing.parse("", "k" * 32))),
        ]
        self.folds = {fold.name: LogFold(fold, self.catalog, self.log) for fold in folds}

    def append(self, *facts: Fact) -> "RewardChain":
        """Appends facts, one record for each partition; returns itself."""
        records: dict[int, list[bytes]] = {}
        for fact in facts:
            partition = partition_of(keys.person_key(fact.program, fact.person), PARTITIONS)
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

    def run_once(self, number: int) -> None:
        """Runs one turn of one fold."""
        list(self.folds.values())[number % len(self.folds)].run_once()

    def repeat_last_records(self, topic: str) -> None:
        """Appends the last record of each partition again, as a fold does that dies between producing and applying."""
        for partition in range(PARTITIONS):
            if records := self.log.records[topic, partition]:
                self.log.append(topic, partition, records[-1].value)

    def line(self, position: LogPosition) -> bytes:
        """Returns the bytes of the line at a position, read directly."""
        return split(self.log.records[position.topic, position.partition][position.offset].value)[position.line]

    def trace_subject(self, person: str) -> TraceSubject:
        """Returns what the API reads of a person before it follows the trace."""
        partition = partition_of(keys.person_key(PROGRAM, person), PARTITIONS)
        raw = self.folds["attribute"].value(partition, person_key(PROGRAM, person))
        state = msgspec.msgpack.decode(raw, type=Person) if raw else Person()
        won = winning_touch(
            state.history.timeline(), attribution_rules(self.terms), self.terms.program.attribution.model
        )
        if won is None:
            return TraceSubject(PROGRAM, person, state.history)
        participant = self.catalog.participant(won.referrer)
        assert participant is not None
        conversion = self._conversion(won.referrer, referral_id(PROGRAM, person, won.referrer))
        bans = tuple(ban.at for ban in (state.ban, self._ban(won.referrer)) if ban is not None)
        return TraceSubject(PROGRAM, person, state.history, won, won.referrer, conversion, bans)

    def _ban(self, referrer: str) -> Ban | None:
        found = self._screen_state(referrer, history_state_key(PROGRAM, referrer), ReferrerHistory)
        return found.ban if found else None

    def _conversion(self, referrer: str, referral: str) -> Conversion | None:
        return self._screen_state(referrer, conversion_state_key(referral), Conversion)

    def _screen_state(self, referrer: str, key: str, kind: type[Kind]) -> Kind | None:
        raw = self.folds["screen"].value(partition_of(keys.referrer_key(PROGRAM, referrer), PARTITIONS), key)
        found = msgspec.msgpack.decode(raw, type=ScreenState) if raw else None
        return found if isinstance(found, kind) else None

    def trace(self, person: str, log: LogReader | None = None, limits: ReadLimits | None = None) -> Trace:
        """Returns a person's trace."""
        reader = TraceReader(log or MemoryLogReader(self.log), limits or ReadLimits(seconds=60))
        return build_trace(self.trace_subject(person), reader, PARTITIONS)
