"""Folds in memory. `FoldFeed` decides lines one by one on the fold's real decider, without a log; `LogFold` runs the real
runner on a log in memory, with partitions and restarts. Use the first unless the test is about the log.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.line import ClockTicked, Derived
from referral.events.timestamps import to_ms
from referral.fold import fence as fences
from referral.fold.batch import Batch
from referral.fold.decider import Decider, Outcome
from referral.fold.fence import Fence
from referral.fold.fold import Fold, Position
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner
from referral.fold.state_store import LoadedState, StateChange
from referral.log.memory_log import MemoryFoldProducer, MemoryLog, MemorySource
from referral.topics import Topic, partition_of
from tests.support.builders.participants import START

PARTITIONS = 3
_TIMERS = "timers"
_PARTITION = 0
_NO_CAUSE = Derived.__struct_defaults__[-1]


class FoldFeed:
    """One fold over one partition: loads the states of each line, decides on it, and applies the changes to `states`.

    A line that the fold cannot decide fails the test; with `only_loaded` so does a change of a value state that the line did not
    load. Every line has the log position 0, so that states which hold positions are equal for any order of the same lines.
    """

    produced_below = 0  # read by the decider: everything is produced

    def __init__(self, fold: Fold[Any, Any], catalog: Catalog, only_loaded: bool = False) -> None:
        self.fold = fold
        self.only_loaded = only_loaded
        self.states = MemoryStateStore()
        self.fence = Fence()
        self.outputs: list[Any] = []
        self._decider: Decider[Any, Any] = Decider(fold, catalog, lambda _: 1)
        self._decode = msgspec.msgpack.Decoder(fold.state).decode
        self._lines = {topic.name: msgspec.json.Decoder(topic.lines).decode for topic in fold.outputs}

    def feed(self, lines: Iterable[Any], recorded_at_ms: int = 0) -> list[Any]:
        """Folds facts and ticks in this order, all recorded at one time; returns the lines that they lead to.

        The lines are without causes, and ticks forwarded to the next topic are left out. `outputs` are all lines so far.
        """
        before = len(self.outputs)
        for line in lines:
            self._apply(self._decide(line, recorded_at_ms))
        return self.outputs[before:]

    def _decide(self, line: Any, recorded_at_ms: int) -> Outcome:
        offset = self.fence.offset + 1
        position = Position(_PARTITION, 0, 0, recorded_at_ms)  # states would differ by the order of lines otherwise
        batch: Batch[Any] = Batch(_PARTITION, offset, recorded_at_ms)
        if isinstance(line, ClockTicked):
            batch.tick = position, line
            return self._without_rejections(batch, self.states.due(_PARTITION, self._decider.tick_ms(batch)))
        batch.lines.append((position, line, b""))
        loaded = self.states.load({_PARTITION: (wanted := self._decider.state_request(batch))})[_PARTITION]
        outcome = self._without_rejections(batch, loaded)
        assert not self.only_loaded or outcome.values.keys() <= set(wanted.values)
        return outcome

    def _without_rejections(self, batch: Batch[Any], loaded: LoadedState) -> Outcome:
        outcome = self._decider.decide(batch, loaded, self)
        assert not outcome.dead_letters, outcome.dead_letters
        return outcome

    def _apply(self, outcome: Outcome) -> None:
        seen = self.states.fences([_PARTITION])[_PARTITION]
        change = StateChange(seen, fences.encode(outcome.fence), outcome.values, outcome.scores)
        assert self.states.apply({_PARTITION: change})[_PARTITION]
        self.fence = outcome.fence
        decoded = [self._lines[output.topic](output.line) for output in outcome.output_lines]
        self.outputs += [
            msgspec.structs.replace(line, cause=_NO_CAUSE) for line in decoded if not isinstance(line, ClockTicked)
        ]

    @property
    def values(self) -> dict[str, bytes]:
        """The encoded value states by key."""
        return self.states.values.get(_PARTITION, {})

    @property
    def scores(self) -> dict[tuple[str, str], float]:
        """The scores by (board, member), without timers."""
        found = self.states.scores.get(_PARTITION, {})
        return {key: score for key, score in found.items() if key[0] != _TIMERS}

    @property
    def timers(self) -> dict[str, float]:
        """The due times (ms) by state key."""
        found = self.states.scores.get(_PARTITION, {})
        return {key: moment for (board, key), moment in found.items() if board == _TIMERS}

    def state(self, key: str) -> Any:
        """Returns the decoded value state of a key; None if there is none."""
        return self._decode(self.values[key]) if key in self.values else None

    def all_states(self) -> list[Any]:
        """Returns every decoded value state."""
        return [self._decode(raw) for raw in self.values.values()]


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
        """Returns (score, member) of a board over all partitions, in order."""
        found = [scores.items() for scores in self.states.scores.values()]
        return sorted((score, member) for items in found for (name, member), score in items if name == board)

    def values(self, key: str) -> list[bytes]:
        """Returns the encoded state of a key in each partition that has it."""
        return [values[key] for values in self.states.values.values() if key in values]

    def value(self, partition: int, key: str) -> bytes | None:
        """Returns the encoded state of a key in one partition."""
        return self.states.values.get(partition, {}).get(key)


def drain(worker: FoldRunner[Any, Any]) -> None:
    """Folds everything on the worker's topic: until two turns in a row find nothing."""
    idle = 0
    while idle < 2:
        busy = worker.run_once(0) or any(one.waiting for one in worker.owned.values())
        idle = 0 if busy else idle + 1
