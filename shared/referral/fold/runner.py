"""Runs a fold: poll, load, decide, produce and wait, apply; refuse and start again from the fence when anything else moved it.

The order is the proof. Outputs are durable before the state that follows from them is, so a crash between the two repeats the
outputs with the same causes, which the next fold skips; the state and its fence move in one compare-and-set, so a zombie, or a
Redis that lost its memory, is noticed at the write at the latest. docs/decisions/ tells what each part is needed for.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from referral.fold import fence as fences
from referral.fold.batch import Batch, BatchReader
from referral.fold.decider import Decider, Outcome, line_validity
from referral.fold.fence import Fence
from referral.fold.fold import Fold
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.invalid_limit import InvalidLimit
from referral.fold.state_store import LoadedState, StateChange, StateRequest, StateStore
from referral.log.fold_producer import FoldProducer
from referral.log.source import Record, Source

Line = TypeVar("Line")
State = TypeVar("State")

_CHECK_INTERVAL_S = 1.0
# Bytes of a partition's records read ahead; it is not polled for more until some are folded.
_MAX_WAITING_BYTES = 4 * 1024 * 1024


class LogBehindState(Exception):
    """The state was folded from records that the log does not have: another log's state, or a log that lost its tail."""


@dataclass(slots=True)
class OwnedPartition:
    """A partition that is this worker's: its fence as last seen, its produced marker, and records not folded yet."""

    stored_fence: bytes
    fence: Fence
    produced_below: int
    waiting: deque[Record] = field(default_factory=deque)


class FoldRunner(Generic[Line, State]):
    """One worker of one fold. `turn` does one round and may be called by a test; `run` goes on until told to stop."""

    def __init__(
        self,
        fold: Fold[Line, State],
        source: Source,
        states: StateStore,
        producer: FoldProducer,
        decider: Decider[Line, State],
        metrics: FoldMetrics,
        reached: Callable[[str], None] = lambda _: None,
        limit: InvalidLimit | None = None,
    ) -> None:
        self.fold = fold
        self._source = source
        self._states = states
        self._producer = producer
        self._decider = decider
        self._metrics = metrics
        self._reached = reached
        self._limit = limit or InvalidLimit()
        self._reader: BatchReader[Line] = BatchReader(fold.name, fold.source.name, fold.source.lines)
        self.owned: dict[int, OwnedPartition] = {}
        self._round = -1
        self._checked_at = 0.0
        self._committed: dict[int, int] = {}

    def run_once(self, timeout: float = 0.1) -> int:
        """One round: takes what came, folds a batch of each partition. Gives the number of lines folded."""
        waiting = {partition: one.waiting for partition, one in self.owned.items() if one.waiting}
        self._source.pause([partition for partition, records in waiting.items() if _size(records) > _MAX_WAITING_BYTES])
        records = self._source.poll(0 if waiting else timeout)
        if not self._take_new_assignment():
            self._enqueue(records)
        batches = [self._reader.take(p, one.waiting) for p, one in self.owned.items() if one.waiting]
        if batches:
            self._fold(batches)
        self._periodic_checks()
        return sum(len(batch.lines) for batch in batches)

    @property
    def has_assignment(self) -> bool:
        """Whether partitions were dealt out to this worker, be it none."""
        return self._round > 0

    def reset(self) -> None:
        """Drops all that is held in memory; the next turn begins again from the fences."""
        self.owned.clear()
        self._round = -1

    def close(self) -> None:
        """Says how far it has spoken, and leaves."""
        self._commit()
        self._source.close()
        self._producer.close()

    def _take_new_assignment(self) -> bool:
        """Prepares the partitions after a rebalance or a `forget`; what was polled meanwhile is polled again."""
        dealt, partitions = self._source.assignment()
        if dealt == self._round:
            return False
        self.owned.clear()
        self._metrics.set_owned_partitions(partitions)
        self._prepare(sorted(partitions))
        self._round = dealt
        return True

    def _prepare(self, partitions: Sequence[int]) -> None:
        """Begins again from the fence: what lies before it is folded, what lies below the produced marker was said."""
        ends = self._source.ends_now(partitions)
        for partition, raw in self._states.fences(partitions).items():
            fence = fences.decode(raw)
            if fence.offset >= ends[partition]:
                raise LogBehindState(_behind(self.fold.source.name, partition, fence, ends[partition]))
            self.owned[partition] = OwnedPartition(raw, fence, self._produced_below(partition))
            self._source.seek(partition, fence.offset + 1)

    def _produced_below(self, partition: int) -> int:
        """Below which offset outputs are on the log: as committed, and as this worker knows of itself since then."""
        marker, known = self._source.committed_offset(partition), self.owned.get(partition)
        return marker if known is None else max(marker, known.produced_below, known.fence.offset + 1)

    def _refuse(self, partitions: Sequence[int]) -> None:
        """Somebody else moved the fence, or Redis lost it."""
        if partitions:
            self._metrics.record_refusal(len(partitions))
            self._prepare(partitions)

    def _enqueue(self, records: dict[int, list[Record]]) -> None:
        for partition, fresh in records.items():
            one = self.owned.get(partition)
            if one is not None:
                one.waiting.extend(record for record in fresh if record.offset > one.fence.offset)

    def _fold(self, batches: Sequence[Batch[Line]]) -> None:
        with self._metrics.step("load"):
            loaded = self._load(batches)
        self._reached("after_load")
        current = [
            batch for batch in batches if loaded[batch.partition].fence == self.owned[batch.partition].stored_fence
        ]
        with self._metrics.step("decide"):
            outcomes = [self._decide(batch, loaded[batch.partition]) for batch in current]
        tallies = [
            self._limit.check(batch.partition, line_validity(batch, outcome))
            for batch, outcome in zip(current, outcomes, strict=True)
        ]
        self._reached("before_produce")
        with self._metrics.step("produce"):
            self._producer.produce([line for outcome in outcomes for line in outcome.output_lines])
        self._reached("after_produce")
        with self._metrics.step("apply"):
            applied = self._apply(outcomes)
        self._reached("after_apply")
        for batch, outcome, tally in zip(current, outcomes, tallies, strict=True):
            if applied[batch.partition]:
                self._limit.record(batch.partition, tally)
                self._metrics.record_batch(outcome, len(batch.lines))
        self._refuse([batch.partition for batch in batches if not applied.get(batch.partition)])

    def _load(self, batches: Sequence[Batch[Line]]) -> dict[int, LoadedState]:
        wanted: dict[int, StateRequest] = {}
        loaded: dict[int, LoadedState] = {}
        for batch in batches:
            if batch.tick:
                loaded[batch.partition] = self._states.due(batch.partition, self._decider.tick_ms(batch))
            else:
                wanted[batch.partition] = self._decider.state_request(batch)
        return loaded | self._states.load(wanted) if wanted else loaded

    def _decide(self, batch: Batch[Line], loaded: LoadedState) -> Outcome:
        return self._decider.decide(batch, loaded, self.owned[batch.partition])

    def _apply(self, outcomes: Sequence[Outcome]) -> dict[int, bool]:
        changes = {
            one.partition: StateChange(
                self.owned[one.partition].stored_fence, fences.encode(one.fence), one.values, one.scores
            )
            for one in outcomes
        }
        applied = self._states.apply(changes) if changes else {}
        for one in outcomes:
            if applied[one.partition]:
                owned = self.owned[one.partition]
                owned.stored_fence, owned.fence = changes[one.partition].fence, one.fence
        return applied

    def _periodic_checks(self) -> None:
        """Once a second: has Redis been wiped while nothing came; how far behind are we; how far have we spoken."""
        now = time.monotonic()
        if now - self._checked_at < _CHECK_INTERVAL_S:
            return
        self._checked_at = now
        there = self._states.fences(list(self.owned))
        self._refuse([partition for partition, raw in there.items() if raw != self.owned[partition].stored_fence])
        self._commit()
        self._measure_lag()

    def _commit(self) -> None:
        spoken = {p: max(one.fence.offset + 1, one.produced_below) for p, one in self.owned.items()}
        news = {p: offset for p, offset in spoken.items() if offset > 0 and self._committed.get(p) != offset}
        if news:
            self._source.commit(news)
            self._committed.update(news)

    def _measure_lag(self) -> None:
        ends = self._source.ends(list(self.owned))
        for partition, end in ends.items():
            self._metrics.set_lag(partition, max(0, end - 1 - self.owned[partition].fence.offset))


def _size(records: Iterable[Record]) -> int:
    """Bytes."""
    return sum(len(record.value) for record in records)


def _behind(topic: str, partition: int, fence: Fence, end: int) -> str:
    return (
        f"the state in REFERRAL_REDIS was folded up to offset {fence.offset} of partition {partition} of `{topic}`, where the"
        f" log ends at {end}: it is another log's, or the log has lost its tail. Give this system a Redis database of its"
        " own, or empty that one (FLUSHDB): the folds make it anew from the log."
    )
