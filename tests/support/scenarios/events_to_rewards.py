"""The folds from events to rewards over a log in memory, as they run in production; and the trace of a person through it."""

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
from referral.fold.decider import Decider
from referral.fold.fold import Fold
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner
from referral.log.log_reader import LogReader
from referral.log.memory_log import MemoryFoldProducer, MemoryLog, MemoryLogReader, MemorySource
from referral.log.records import join, split
from referral.topics import partition_of
from reward_dispatcher.folds.decide_fold import DecideFold
from reward_dispatcher.folds.ledger_fold import LedgerFold
from tests.support.builders.conversion_tracker import PROGRAM, TOKENS, at, catalog

PARTITIONS = 3


class Chain:
    """A log, four folds and their states. `say` appends, `drain` lets the folds go as far as there is anything."""

    def __init__(self, terms: ProgramVersion, screen: ScreenFold | None = None) -> None:
        self.terms = terms
        self.catalog = catalog(terms)
        self.clock = ManualClock(to_ms(at(5)))
        self.log = MemoryLog(self.clock)
        folds = [
            AttributeFold(TOKENS, 35),
            screen or ScreenFold(),
            DecideFold(),
            LedgerFold(lambda id: id[-8:].upper()),
        ]
        self.states = {fold.name: MemoryStateStore() for fold in folds}
        self._runners = [self._runner(fold) for fold in folds]

    def _runner(self, fold: Fold) -> FoldRunner:
        source = MemorySource(self.log, fold.source.name, PARTITIONS)
        decider = Decider(fold, self.catalog, lambda topic: topic.partitions or PARTITIONS)
        metrics = FoldMetrics(fold.name)
        return FoldRunner(fold, source, self.states[fold.name], MemoryFoldProducer(self.log), decider, metrics)

    def say(self, *facts: Fact) -> "Chain":
        """Appends facts, one record a partition."""
        records: dict[int, list[bytes]] = {}
        for fact in facts:
            place = partition_of(keys.person_key(fact.program, fact.person), PARTITIONS)
            records.setdefault(place, []).append(msgspec.json.encode(fact))
        for partition, lines in records.items():
            self.log.append("events", partition, join(lines))
        return self

    def tick(self, days: float) -> "Chain":
        """Time comes so far, and every partition hears of it."""
        self.clock.advance(max(0, to_ms(at(days)) - self.clock.now_ms()))
        for partition in range(PARTITIONS):
            line = ClockTicked(id=f"clk_{days}", occurred_at=at(days))
            self.log.append("events", partition, msgspec.json.encode(line))
        return self

    def drain(self) -> "Chain":
        """Every fold folds all there is, the later ones after the earlier ones."""
        for runner in self._runners:
            idle = 0
            while idle < 2:
                busy = runner.run_once(0) or any(one.waiting for one in runner.owned.values())
                idle = 0 if busy else idle + 1
        return self

    def fold(self, number: int) -> None:
        """One turn of one fold."""
        self._runners[number % len(self._runners)].run_once(0)

    def stutter(self, topic: str) -> None:
        """A fold dies between writing and applying: the last records stand twice, one after the other."""
        for partition in range(PARTITIONS):
            if records := self.log.records[topic, partition]:
                self.log.append(topic, partition, records[-1].value)

    def line(self, position: LogPosition) -> bytes:
        """The line at a position, read without the trace reader."""
        return split(self.log.records[position.topic, position.partition][position.offset].value)[position.line]

    def trace_subject(self, person: str) -> TraceSubject:
        """The person as the API passes them to `build_trace`."""
        partition = partition_of(keys.person_key(PROGRAM, person), PARTITIONS)
        raw = self.states["attribute"].values.get(partition, {}).get(person_key(PROGRAM, person))
        state = msgspec.msgpack.decode(raw, type=Person) if raw else Person()
        won = winning_touch(
            state.history.timeline(), attribution_rules(self.terms), self.terms.program.attribution.model
        )
        if won is None:
            return TraceSubject(PROGRAM, person, state.history)
        participant = self.catalog.participant(won.referrer)
        assert participant is not None
        conversion = self._conversion(won.referrer, referral_id(PROGRAM, person, won.referrer))
        bans = tuple(ban.at for ban in (state.ban, self._banned(won.referrer)) if ban is not None)
        return TraceSubject(
            PROGRAM, person, state.history, won, won.referrer, participant.external_id, conversion, bans
        )

    def _banned(self, referrer: str) -> Ban | None:
        partition = partition_of(keys.referrer_key(PROGRAM, referrer), PARTITIONS)
        raw = self.states["screen"].values.get(partition, {}).get(history_state_key(PROGRAM, referrer))
        found = msgspec.msgpack.decode(raw, type=ScreenState) if raw else None
        return found.ban if isinstance(found, ReferrerHistory) else None

    def _conversion(self, referrer: str, referral: str) -> Conversion | None:
        partition = partition_of(keys.referrer_key(PROGRAM, referrer), PARTITIONS)
        raw = self.states["screen"].values.get(partition, {}).get(conversion_state_key(referral))
        found = msgspec.msgpack.decode(raw, type=ScreenState) if raw else None
        return found if isinstance(found, Conversion) else None

    def trace(self, person: str, log: LogReader | None = None, limits: ReadLimits | None = None) -> Trace:
        """The trace of a person."""
        reader = TraceReader(log or MemoryLogReader(self.log), limits or ReadLimits(seconds=60))
        return build_trace(self.trace_subject(person), reader, PARTITIONS)
