"""A two-stage pipeline on a log in memory, with every fault that the fold runner must survive, and the expected result.

Stage one publishes each distinct word of a person once; stage two counts what is published. After any crashes, wipes,
duplicates and zombie workers the counts must be the numbers of distinct words.
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


class Word(Line, frozen=True, kw_only=True, tag="word"):
    """A word that a person used."""

    person: str
    word: str


class DistinctWord(Derived, frozen=True, kw_only=True, tag="distinct"):
    """A word that the person used for the first time."""

    person: str
    word: str


def topic(name: str, lines: object) -> Topic:
    """Returns a topic of the pipeline."""
    return Topic(name, "person", lines, "forever", PARTITIONS, (), ())  # type: ignore[arg-type]


WORDS = topic("words", Word | ClockTicked)
DISTINCT_WORDS = topic("distinct", DistinctWord | ClockTicked)


class DistinctFold:
    """Stage one: a person's words, each published once. The word `bell` sets a timer for the next tick; `poison` cannot be
    decided, nor can the bell of a person who used `stuck`.
    """

    name, service, source, outputs, state = "distinct", "t", WORDS, (DISTINCT_WORDS,), dict[str, int]

    def keys(self, line: Word) -> Sequence[Key]:
        return (line.person,)

    def decide(self, line: Word, states: Mapping[Key, object], catalog: Catalog, position: Position) -> Decision:
        if line.word == "poison":
            raise ValueError("no rule takes poison")
        known: dict[str, int] = states[line.person] or {}
        if line.word in known:
            return Decision()
        friend = f"{line.person}'s friend"
        published = DistinctWord(occurred_at=line.occurred_at, program="p", person=friend, word=line.word)
        changes: dict[Key, object] = {line.person: {**known, line.word: 1}}
        if line.word == "bell":
            changes[Timer(line.person)] = 10.0
        return Decision(changes, [Output(DISTINCT_WORDS, published, friend)])

    def on_timer(self, tick: ClockTicked, key: str, state: object, catalog: Catalog, position: Position) -> Decision:
        if "stuck" in state:
            raise ValueError("no rule lets a stuck bell ring")
        return Decision(
            {},
            [
                Output(
                    DISTINCT_WORDS,
                    DistinctWord(occurred_at=tick.occurred_at, program="p", person=key, word="rung"),
                    key,
                )
            ],
        )


class CountFold:
    """Stage two: the number of a person's published words."""

    name, service, source, outputs, state = "count", "t", DISTINCT_WORDS, (), int

    def keys(self, line: DistinctWord) -> Sequence[Key]:
        return (line.person,)

    def decide(
        self, line: DistinctWord, states: Mapping[Key, object], catalog: Catalog, position: Position
    ) -> Decision:
        return Decision({line.person: (states[line.person] or 0) + 1})

    def on_timer(self, tick: ClockTicked, key: str, state: object, catalog: Catalog, position: Position) -> Decision:
        return Decision()


class Crash(Exception):
    """The process died here."""


class WordPipeline:
    """The log, the states of both stages, and as many workers as a test makes."""

    def __init__(self, runner: type[FoldRunner] = FoldRunner, decider: type[Decider] = Decider) -> None:
        self.log = MemoryLog(ManualClock())
        self.states = {"distinct": MemoryStateStore(), "count": MemoryStateStore()}
        self.markers: dict[str, dict[int, int]] = {"distinct": {}, "count": {}}
        self.speaker = MemoryFoldProducer(self.log)
        self._runner, self._decider = runner, decider

    def append(self, *words: tuple[str, str]) -> None:
        """Appends (person, word) pairs, one record for each partition."""
        records: dict[int, list[bytes]] = {}
        for person, word in words:
            line = Word(occurred_at=to_datetime(0), person=person, word=word)
            records.setdefault(partition_of(person, PARTITIONS), []).append(msgspec.json.encode(line))
        for partition, lines in records.items():
            self.log.append("words", partition, b"\n".join(lines))

    def tick(self, at_ms: int) -> None:
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
        """Returns a new worker of a stage; when it first reaches the failpoint `at`, it calls `then` (by default it dies)."""
        source = MemorySource(self.log, fold.source.name, PARTITIONS, self.markers[fold.name])
        return self._runner(
            fold,
            source,
            self.states[fold.name],
            self.speaker,
            self._decider(fold, Catalog(), lambda topic: PARTITIONS),
            FoldMetrics(fold.name),
            _once(at, then or _die),
            limit,
        )

    def drain(self) -> None:
        """Folds everything, by new workers."""
        for fold in (DistinctFold(), CountFold()):
            worker = self.worker(fold)
            drain(worker)
            worker.close()

    def counts(self) -> dict[str, int]:
        """Returns the counts of stage two by person."""
        values = list(self.states["count"].values.values())
        return {person: msgspec.msgpack.decode(raw) for part in values for person, raw in part.items()}

    def expected_counts(self) -> dict[str, int]:
        """Returns the distinct words by friend, from the log alone."""
        distinct: dict[str, set[str]] = {}
        for raw in self.log.lines("words"):
            line = msgspec.json.decode(raw)
            if line["type"] == "word" and line["word"] != "poison":
                distinct.setdefault(line["person"], set()).add(line["word"])
        return {f"{person}'s friend": len(words) for person, words in distinct.items()}


def _die() -> None:
    raise Crash


def _once(point: str | None, then: Callable[[], None]) -> Callable[[str], None]:
    left = [point]

    def reached(here: str) -> None:
        if left == [here]:
            left.clear()
            then()

    return reached
