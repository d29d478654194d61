"""A fold in memory: lines are decided in batches by the real `Decider`, and states are in a `MemoryStateStore`.

For replays and tests. It differs from a worker in that lines come decoded, output lines are returned instead of produced, dead
letters carry no payload, and clock ticks are not forwarded: give each fold the ticks that it needs.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

import msgspec

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.events.rejected import LineRejected
from referral.events.timestamps import to_ms
from referral.fold import fence as fences
from referral.fold.batch import MAX_LINES, Batch
from referral.fold.decider import Decider, Outcome, PartitionProgress
from referral.fold.fence import Fence
from referral.fold.fold import Fold, Output, Position
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.state_store import LoadedState, StateChange, StateRequest

Line = TypeVar("Line")
State = TypeVar("State")


class ProducedLine(NamedTuple):
    """A line that a fold produced, with its cause, and where: a topic (its short name) and a partition."""

    topic: str
    partition: int
    line: msgspec.Struct


class InMemoryFold(Generic[Line, State]):
    """One fold over all partitions of its source. `partitions` is the count of topics that have no count of their own.

    `states` holds what Redis would; `dead_letters` the lines that could not be decided.
    """

    def __init__(self, fold: Fold[Line, State], catalog: Catalog, partitions: int) -> None:
        self.states = MemoryStateStore()
        self.dead_letters: list[LineRejected] = []
        self._decider: _KeepingDecider[Line, State] = _KeepingDecider(
            fold, catalog, lambda topic: topic.partitions or partitions
        )
        self._decode: Callable[[bytes], State] = msgspec.msgpack.Decoder(fold.state).decode
        self._progress: dict[int, _Progress] = {}
        self._batches = 0

    def fold(self, partition: int, lines: Iterable[tuple[Position, Line | ClockTicked]]) -> list[ProducedLine]:
        """Folds lines of one partition in order, whatever their offsets; returns the lines produced.

        As in a worker, a line whose cause was folded before is skipped, and one that cannot be decided becomes a dead letter.
        """
        produced: list[ProducedLine] = []
        for batch in _batches(partition, lines):
            if (
                batch.tick is None
                or partition not in self._progress
                or self.states.is_due(partition, to_ms(batch.tick[1].occurred_at))
            ):
                produced += self._fold(batch)
        return produced

    def state(self, partition: int, key: str) -> State | None:
        """Returns the state under a value key; None if there is none."""
        raw = self.states.values.get(partition, {}).get(key)
        return self._decode(raw) if raw is not None else None

    def states_of(self, prefix: str) -> Iterator[State]:
        """Yields the states of all partitions whose value keys begin with `prefix`."""
        for values in self.states.values.values():
            for key, raw in values.items():
                if key.startswith(prefix):
                    yield self._decode(raw)

    def _fold(self, batch: Batch[Line]) -> Iterator[ProducedLine]:
        progress = self._progress.setdefault(batch.partition, _Progress())
        # A store recognizes by the fence what it has applied. The lines may have any offsets, so batches are numbered here.
        batch.last_offset = self._batches = self._batches + 1
        self._decider.outputs = []
        outcome = self._decider.decide(batch, self._load(batch), progress)
        self._apply(outcome, progress)
        self.dead_letters += outcome.dead_letters
        lines = zip(outcome.output_lines, self._decider.outputs, strict=False)  # dead letters come last
        return (
            ProducedLine(raw.topic, raw.partition, output.line)
            for raw, output in lines
            if not isinstance(output.line, ClockTicked)
        )

    def _load(self, batch: Batch[Line]) -> LoadedState:
        if batch.tick:
            due = self.states.due(batch.partition, self._decider.tick_ms(batch))
            return self._decider.with_timer_states(batch, due, self._load_request(batch.partition))
        set_aside = self._progress[batch.partition].fence.set_aside
        request = self._decider.state_request(batch, set_aside)
        return self.states.load({batch.partition: request})[batch.partition]

    def _load_request(self, partition: int) -> Callable[[StateRequest], LoadedState]:
        return lambda request: self.states.load({partition: request})[partition]

    def _apply(self, outcome: Outcome, progress: "_Progress") -> None:
        before, after = self.states.fence.get(outcome.partition, b""), fences.encode(outcome.fence)
        self.states.apply({outcome.partition: StateChange(before, after, outcome.values, outcome.scores)})
        progress.fence = outcome.fence


class _KeepingDecider(Decider[Line, State]):
    """Keeps the outputs of a batch as they were before they were encoded, in the order of `Outcome.output_lines`."""

    outputs: list[Output]

    def _add_outputs(
        self,
        outputs: list[Output],
        position: Position,
        outcome: Outcome,
        progress: PartitionProgress,
        *,
        first: int = 0,
        alone: bool = False,
    ) -> None:
        super()._add_outputs(outputs, position, outcome, progress, first=first, alone=alone)
        self.outputs += outputs


@dataclass(slots=True)
class _Progress:
    """How far a partition is folded. Nothing was produced before."""

    fence: Fence = field(default_factory=Fence)
    produced_below: int = 0


def _batches(partition: int, lines: Iterable[tuple[Position, Line | ClockTicked]]) -> Iterator[Batch[Line]]:
    """Splits lines into batches as a worker does: at most MAX_LINES, and a tick is a batch by itself."""
    batch: Batch[Line] = Batch(partition, 0, 0)
    for position, line in lines:
        if isinstance(line, ClockTicked):
            if batch.lines:
                yield batch
                batch = Batch(partition, 0, 0)
            yield Batch(partition, 0, position.recorded_at_ms, tick=(position, line))
        else:
            batch.lines.append((position, line, b""))
            if len(batch.lines) == MAX_LINES:
                yield batch
                batch = Batch(partition, 0, 0)
    if batch.lines:
        yield batch
