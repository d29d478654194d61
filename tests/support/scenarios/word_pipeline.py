"""A two-stage pipeline in memory with every fault that a real one can have, and an oracle that is not subject to them.

Stage one reports each person's first use of a word; stage two counts the reports. Whatever crashes, is wiped, is repeated or is
done by a zombie, the counts must end as the number of distinct words.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.line import ClockTicked, Derived, Line
from referral.events.timestamps import to_datetime
from referral.fold.decider import Decider
from referral.fold.fold import Decision, Key, Output, Position, Timer
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.invalid_limit import InvalidLimit
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner
from referral.log.memory_log import MemoryFoldProducer, MemoryLog, MemorySource
from referral.topics import Topic, partition_of
from tests.support.folds import drain

PARTITIONS = 2
UNDECIDABLE = ("poison", "keyless")


class Word(Line, frozen=True, kw_only=True, tag="word"):
    """A person used a word."""

    person: str
    word: str


class FirstUse(Derived, frozen=True, kw_only=True, tag="first_use"):
    """It was their first use of it."""

    person: str
    word: str


def topic(name: str, lines: object) -> Topic:
    """A topic of the tests."""
    return Topic(name, "person", lines, "forever", PARTITIONS, (), ())  # type: ignore[arg-type]


WORDS = topic("words", Word | ClockTicked)
FIRST_USES = topic("first_uses", FirstUse | ClockTicked)


class FirstUses:
    """Stage one: a person's words, each reported once.

    The word `bell` sets a timer for the next tick. `poison` cannot be decided, the keys of `keyless` cannot be determined, and
    the timer of a person with the word `stuck` cannot be decided.
    """

    name, service, source, outputs, state = "first_uses", "t", WORDS, (FIRST_USES,), dict[str, int]
    keeps_order = False
    ignored: Sequence[type[msgspec.Struct]] = ()

    def keys(self, line: Word) -> Sequence[Key]:
        if line.word == "keyless":
            raise LookupError("keyless has no keys")
        return (line.person,)

    def decide(self, line: Word, states: Mapping[Key, object], catalog: Catalog, position: Position) -> Decision:
        if line.word == "poison":
            raise ValueError("no rule accepts poison")
        known: dict[str, int] = states[line.person] or {}
        if line.word in known:
            return Decision()
        friend = f"{line.person}'s friend"
        report = FirstUse(occurred_at=line.occurred_at, program="p", person=friend, word=line.word)
        changes: dict[Key, object] = {line.person: {**known, line.word: 1}}
        if line.word == "bell":
            changes[Timer(line.person)] = 10.0
        return Decision(changes, [Output(FIRST_USES, report, friend)])

    def on_timer(self, tick: ClockTicked, key: str, state: object, catalog: Catalog, position: Position) -> Decision:
        if "stuck" in state:
            raise ValueError("no rule lets a stuck bell ring")
        report = FirstUse(occurred_at=tick.occurred_at, program="p", person=key, word="rung")
        return Decision({}, [Output(FIRST_USES, report, key)])


class UseCounts:
    """Stage two: how many of a person's words were reported."""

    name, service, source, outputs, state = "use_counts", "t", FIRST_USES, (), int
    keeps_order = False
    ignored: Sequence[type[msgspec.Struct]] = ()

    def keys(self, line: FirstUse) -> Sequence[Key]:
        return (line.person,)

    def decide(self, line: FirstUse, states: Mapping[Key, object], catalog: Catalog, position: Position) -> Decision:
        return Decision({line.person: (states[line.person] or 0) + 1})


class Crash(Exception):
    """The process died here."""


class WordPipeline:
    """The log, the states of both stages, and as many workers as a test makes."""

    def __init__(self, runner: type[FoldRunner] = FoldRunner, decider: type[Decider] = Decider) -> None:
        self.log = MemoryLog(ManualClock())
        self.states = {"first_uses": MemoryStateStore(), "use_counts": MemoryStateStore()}
        self.markers: dict[str, dict[int, int]] = {"first_uses": {}, "use_counts": {}}
        self.producer = MemoryFoldProducer(self.log)
        self._runner, self._decider = runner, decider

    def append_words(self, *words: tuple[str, str]) -> None:
        """Appends words as (person, word), one record per partition."""
        records: dict[int, list[bytes]] = {}
        for person, word in words:
            line = Word(occurred_at=to_datetime(0), person=person, word=word)
            records.setdefault(partition_of(person, PARTITIONS), []).append(msgspec.json.encode(line))
        for partition, lines in records.items():
            self.log.append("words", partition, b"\n".join(lines))

    def append_tick(self, at_ms: int) -> None:
        """Appends a clock tick to every partition."""
        for partition in range(PARTITIONS):
            line = ClockTicked(id=f"clk_{at_ms}", occurred_at=to_datetime(at_ms))
            self.log.append("words", partition, msgspec.json.encode(line))

    def worker(
        self,
        fold: object,
        at: str | None = None,
        then: Callable[[], None] | None = None,
        limit: InvalidLimit | None = None,
    ) -> FoldRunner:
        """A new worker of a stage; when it first reaches the failpoint `at`, `then` is called (by default it dies)."""
        source = MemorySource(self.log, fold.source.name, PARTITIONS, self.markers[fold.name])
        return self._runner(
            fold,
            source,
            self.states[fold.name],
            self.producer,
            self._decider(fold, Catalog(), lambda topic: PARTITIONS),
            FoldMetrics(fold.name),
            _once(at, then or _die),
            limit,
        )

    def drain(self) -> None:
        """New workers fold everything on the log."""
        for fold in (FirstUses(), UseCounts()):
            worker = self.worker(fold)
            drain(worker)
            worker.close()

    def counts(self) -> dict[str, int]:
        """What stage two has counted."""
        values = list(self.states["use_counts"].values.values())
        return {person: msgspec.msgpack.decode(raw) for part in values for person, raw in part.items()}

    def dead_letters(self) -> list[dict[str, object]]:
        """Every dead letter, in order."""
        return [msgspec.json.decode(raw) for raw in self.log.lines("rejected")]

    def expected_counts(self) -> dict[str, int]:
        """The oracle: distinct decidable words by friend, from the log alone; rung bells are not counted."""
        words: dict[str, set[str]] = {}
        for raw in self.log.lines("words"):
            line = msgspec.json.decode(raw)
            if line["type"] == "word" and line["word"] not in UNDECIDABLE:
                words.setdefault(line["person"], set()).add(line["word"])
        return {f"{person}'s friend": len(distinct) for person, distinct in words.items()}


def _die() -> None:
    raise Crash


def _once(point: str | None, then: Callable[[], None]) -> Callable[[str], None]:
    pending = [point]

    def failpoint(reached: str) -> None:
        if pending == [reached]:
            pending.clear()
            then()

    return failpoint
