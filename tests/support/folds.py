"""Folds in memory. `FoldFeed` folds lines one by one without a log (`referral.fold.in_memory`); `LogFold` runs the real runner on a
log in memory, with partitions and restarts. Use the first unless the test is about the log.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.ids import person_of
from referral.events.line import ClockTicked, Derived
from referral.events.timestamps import to_ms
from referral.fold.decider import Decider
from referral.fold.fold import Decision, Fold, Key, Member, Position
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.in_memory import InMemoryFold
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner
from referral.log.memory_log import MemoryFoldProducer, MemoryLog, MemorySource
from referral.topics import Topic, partition_of
from tests.support.builders.participants import START

PARTITIONS = 3
_TIMERS = "timers"
_PARTITION = 0
_NO_CAUSE = Derived.__struct_defaults__[-1]


class FoldFeed:
    """One fold over one partition, line by line: each line is a batch of its own, and states are bytes in between.

    A line that the fold cannot decide fails the test; with `only_loaded` so does a change of a value state that the line did not
    load. Every line has the log position 0, so that states which hold positions are equal for any order of the same lines.
    """

    def __init__(self, fold: Fold[Any, Any], catalog: Catalog, only_loaded: bool = False) -> None:
        self.fold = fold
        self.outputs: list[Any] = []
        self._memory: InMemoryFold[Any, Any] = InMemoryFold(_OnlyLoaded(fold) if only_loaded else fold, catalog, 1)
        self.states = self._memory.states

    def feed(self, lines: Iterable[Any], recorded_at_ms: int = 0) -> list[Any]:
        """Folds facts and ticks in this order, all recorded at one time; returns the lines that they lead to.

        The lines are without causes, and ticks forwarded to the next topic are left out. `outputs` are all lines so far.
        """
        before = len(self.outputs)
        position = Position(_PARTITION, 0, 0, recorded_at_ms)  # states would differ by the order of lines otherwise
        for line in lines:
            produced = self._memory.fold(_PARTITION, [(position, line)])
            assert not self._memory.dead_letters, self._memory.dead_letters
            self.outputs += [msgspec.structs.replace(one.line, cause=_NO_CAUSE) for one in produced]
        return self.outputs[before:]

    @property
    def values(self) -> dict[str, bytes]:
        """The encoded value states by key."""
        return self.states.values.get(_PARTITION, {})

    @property
    def scores(self) -> dict[tuple[str, str], float]:
        """The scores by (sorted set, member), without timers; members of boards by person id."""
        found = self.states.scores.get(_PARTITION, {})
        return {(name, member_text(member)): score for (name, member), score in found.items() if name != _TIMERS}

    @property
    def timers(self) -> dict[str, float]:
        """The due times (ms) by state key."""
        found = self.states.scores.get(_PARTITION, {})
        return {member_text(key): moment for (name, key), moment in found.items() if name == _TIMERS}

    def state(self, key: str) -> Any:
        """Returns the decoded value state of a key; None if there is none."""
        return self._memory.state(_PARTITION, key)

    def all_states(self) -> list[Any]:
        """Returns every decoded value state."""
        return list(self._memory.states_of(""))


class _OnlyLoaded:
    """A fold that fails where it changes a value state that the line did not load."""

    def __init__(self, fold: Fold[Any, Any]) -> None:
        self.name, self.service, self.source, self.outputs = fold.name, fold.service, fold.source, fold.outputs
        self.state, self.keys = fold.state, fold.keys
        self.keeps_order, self.ignored = fold.keeps_order, fold.ignored
        self._decide = fold.decide
        for name in ("on_timer", "first_timers", "timer_keys", "on_timer_with"):
            if hasattr(fold, name):
                setattr(self, name, getattr(fold, name))

    def decide(self, line: Any, states: Mapping[Key, Any], catalog: Catalog, position: Position) -> Decision[Any]:
        decision = self._decide(line, states, catalog, position)
        assert {key for key in decision.changes if isinstance(key, str)} <= set(self.keys(line))
        return decision


class LogFold:
    """One fold on its topic of a log in memory, with a worker that can be replaced; several folds may share a log."""

    def __init__(
        self,
        fold: Fold[Any, Any],
        catalog: Catalog,
        log: MemoryLog | None = None,
        partitions: int = PARTITIONS,
        source: type[MemorySource] = MemorySource,
    ) -> None:
        self.clock = ManualClock(to_ms(START))  # of its own log
        self.log = log or MemoryLog(self.clock)
        self.states = MemoryStateStore()
        self._fold, self._catalog, self._partitions, self._source = fold, catalog, partitions, source
        self._markers: dict[int, int] = {}
        self.start_worker()

    def start_worker(self) -> None:
        """Replaces the worker; what the previous one held in memory is lost."""
        source = self._source(self.log, self._fold.source.name, self._partitions, self._markers)
        decider: Decider[Any, Any] = Decider(self._fold, self._catalog, self._partitions_of)
        metrics = FoldMetrics(self._fold.name)
        self.worker = FoldRunner(self._fold, source, self.states, MemoryFoldProducer(self.log), decider, metrics)

    def _partitions_of(self, topic: Topic) -> int:
        return topic.partitions or self._partitions

    @property
    def source(self) -> Topic:
        """The topic of the fold."""
        return self._fold.source

    def append(self, keyed_lines: Iterable[tuple[str, Any]]) -> None:
        """Appends (key, line) pairs to the fold's topic, one record each."""
        for key, line in keyed_lines:
            self.append_to(partition_of(key, self._partitions), line)

    def append_to(self, partition: int, line: Any) -> None:
        """Appends a line to one partition."""
        self.log.append(self._fold.source.name, partition, msgspec.json.encode(line))

    def append_tick(self, tick: ClockTicked) -> None:
        """Appends a clock tick to every partition."""
        for partition in range(self._partitions):
            self.append_to(partition, tick)

    def run_once(self) -> int:
        """Folds a batch of each partition; returns the number of lines."""
        return self.worker.run_once(0)

    def drain(self) -> None:
        """Folds everything on the topic."""
        drain(self.worker)

    def restart_and_drain(self) -> None:
        """Closes the worker in order; a new one folds everything on the topic."""
        self.worker.close()
        self.start_worker()
        self.drain()

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The dead letters on the log."""
        return [msgspec.json.decode(raw) for raw in self.log.lines("rejected")]

    def scores(self, board: str) -> list[tuple[float, str]]:
        """Returns (score, member) of a sorted set over all partitions, in order; members of boards by person id."""
        found = [scores.items() for scores in self.states.scores.values()]
        return sorted((score, member_text(one)) for items in found for (name, one), score in items if name == board)

    def values(self, key: str) -> list[bytes]:
        """Returns the encoded state of a key in each partition that has it."""
        return [values[key] for values in self.states.values.values() if key in values]

    def value(self, partition: int, key: str) -> bytes | None:
        """Returns the encoded state of a key in one partition."""
        return self.states.values.get(partition, {}).get(key)


def member_text(member: Member) -> str:
    """Returns a member of a sorted set as text: of boards, the person id."""
    return member if isinstance(member, str) else person_of(member)


def drain(worker: FoldRunner[Any, Any]) -> None:
    """Folds everything on the worker's topic: until two turns in a row find nothing."""
    idle = 0
    while idle < 2:
        busy = worker.run_once(0) or any(one.waiting for one in worker.owned.values())
        idle = 0 if busy else idle + 1
