"""A two-stage pipeline in memory, with everything that can go wrong on a real one, and an oracle that nothing can go wrong for.

Stage one tells each distinct word of a person once; stage two counts what it was told. Whatever crashes, is wiped, comes twice or
is done by a zombie, the counts must end as the number of distinct words.
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

PARTITIONS = 2


class Word(Line, frozen=True, kw_only=True, tag="word"):
    """Somebody said a word."""

    person: str
    word: str


class Told(Derived, frozen=True, kw_only=True, tag="told"):
    """It was their first time."""

    person: str
    word: str


def topic(name: str, lines: object) -> Topic:
    """A topic of the tests."""
    return Topic(name, "person", lines, "forever", PARTITIONS, (), ())  # type: ignore[arg-type]


WORDS = topic("words", Word | ClockTicked)
TOLD = topic("told", Told | ClockTicked)


class Tell:
    """Stage one: a person's words, each told once. A word `bell` sets a timer for the next tick; `poison` cannot be decided,
    nor can the bell of somebody who said `stuck`.
    """

    name, service, source, outputs, state = "tell", "t", WORDS, (TOLD,), dict[str, int]

    def keys(self, line: Word) -> Sequence[Key]:
        return (line.person,)

    def decide(self, line: Word, states: Mapping[Key, object], catalog: Catalog, position: Position) -> Decision:
        if line.word == "poison":
            raise ValueError("no rule takes poison")
        known: dict[str, int] = states[line.person] or {}
        if line.word in known:
            return Decision()
        friend = f"{line.person}'s friend"
        told = Told(occurred_at=line.occurred_at, program="p", person=friend, word=line.word)
        changes: dict[Key, object] = {line.person: {**known, line.word: 1}}
        if line.word == "bell":
            changes[Timer(line.person)] = 10.0
        return Decision(changes, [Output(TOLD, told, friend)])

    def on_timer(self, tick: ClockTicked, key: str, state: object, catalog: Catalog, position: Position) -> Decision:
        if "stuck" in state:
            raise ValueError("no rule lets a stuck bell ring")
        return Decision(
            {}, [Output(TOLD, Told(occurred_at=tick.occurred_at, program="p", person=key, word="rung"), key)]
        )


class Count:
    """Stage two: how often a person's words were told."""

    name, service, source, outputs, state = "count", "t", TOLD, (), int

    def keys(self, line: Told) -> Sequence[Key]:
        return (line.person,)

    def decide(self, line: Told, states: Mapping[Key, object], catalog: Catalog, position: Position) -> Decision:
        return Decision({line.person: (states[line.person] or 0) + 1})

    def on_timer(self, tick: ClockTicked, key: str, state: object, catalog: Catalog, position: Position) -> Decision:
        return Decision()


class Crash(Exception):
    """The process died here."""


class Pipeline:
    """The log, the states of both stages, and as many workers as a test makes."""

    def __init__(self, runner: type[FoldRunner] = FoldRunner, decider: type[Decider] = Decider) -> None:
        self.log = MemoryLog(ManualClock())
        self.states = {"tell": MemoryStateStore(), "count": MemoryStateStore()}
        self.markers: dict[str, dict[int, int]] = {"tell": {}, "count": {}}
        self.speaker = MemoryFoldProducer(self.log)
        self._runner, self._decider = runner, decider

    def say(self, *said: tuple[str, str]) -> None:
        """Appends words, one record a partition."""
        records: dict[int, list[bytes]] = {}
        for person, word in said:
            line = Word(occurred_at=to_datetime(0), person=person, word=word)
            records.setdefault(partition_of(person, PARTITIONS), []).append(msgspec.json.encode(line))
        for partition, lines in records.items():
            self.log.append("words", partition, b"\n".join(lines))

    def tick(self, at_ms: int) -> None:
        """Time reaches every partition."""
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
        """A new worker of a stage; when it first comes `at` a failpoint, `then` happens (by default it dies)."""
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
        """New workers fold everything there is."""
        for fold in (Tell(), Count()):
            worker = self.worker(fold)
            idle = 0
            while idle < 2:
                busy = worker.run_once(0) or any(one.waiting for one in worker.owned.values())
                idle = 0 if busy else idle + 1
            worker.close()

    def counts(self) -> dict[str, int]:
        """What stage two has counted."""
        values = list(self.states["count"].values.values())
        return {person: msgspec.msgpack.decode(raw) for part in values for person, raw in part.items()}

    def told(self) -> dict[str, int]:
        """The oracle: distinct words by friend, from the log alone; a bell followed by a later tick rings once."""
        said: dict[str, set[str]] = {}
        for raw in self.log.lines("words"):
            line = msgspec.json.decode(raw)
            if line["type"] == "word" and line["word"] != "poison":
                said.setdefault(line["person"], set()).add(line["word"])
        return {f"{person}'s friend": len(words) for person, words in said.items()}


def _die() -> None:
    raise Crash


def _once(point: str | None, then: Callable[[], None]) -> Callable[[str], None]:
    left = [point]

    def reached(here: str) -> None:
        if left == [here]:
            left.clear()
            then()

    return reached
