"""Runs a fold: poll, load, decide, produce and wait, apply; restarts a partition from its fence if something moved the fence.

The order is the proof. Output lines are durable before the state that follows from them is, so a crash between the two repeats
them with the same causes, and the next fold skips them. The state and its fence move in one compare-and-set, so a zombie worker,
or a Redis that lost its data, is detected at the write at the latest. README.md explains what each part is needed for.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

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

log = structlog.get_logger()

_CHECK_INTERVAL_S = 3.0
# Bytes of a partition's records read ahead; it is not polled for more until some are folded.
_MAX_WAITING_BYTES = 4 * 1024 * 1024


class LogBehindState(Exception):
    """The state was folded from records that the log does not have: the state of another log, or a log that lost its tail."""


@dataclass(slots=True)
class OwnedPartition:
    """A partition assigned to this worker: its fence as last seen, its produced marker, and records not folded yet."""

    stored_fence: bytes
    fence: Fence
    produced_below: int
    waiting: deque[Record] = field(default_factory=deque)


class FoldRunner(Generic[Line, State]):
    """One worker of one fold; its process calls `run_once` in a loop (`FoldWorker.run`), and so may a test."""

    def __init__(
        self,
        fold: Fold[Line, State],
        source: Source,
        states: StateStore,
        producer: FoldProducer,
        decider: Decider[Line, State],
        metrics: FoldMetrics,
        failpoint: Callable[[str], None] = lambda _: None,
        limit: InvalidLimit | None = None,
    ) -> None:
        self.fold = fold
        self._source = source
        self._states = states
        self._producer = producer
        self._decider = decider
        self._metrics = metrics
        self._failpoint = failpoint
        self._limit = limit or InvalidLimit()
        self._reader: BatchReader[Line] = BatchReader(fold.name, fold.source.name, fold.source.lines, fold.ignored)
        self.owned: dict[int, OwnedPartition] = {}
        self._generation = -1  # of the assignment
        self._checked_at = 0.0
        self._committed: dict[int, int] = {}

    def run_once(self, timeout: float = 0.1, before_fold: Callable[[], None] = lambda: None) -> int:
        """Polls for up to `timeout` seconds and folds one batch of each partition. Returns the number of lines folded.

        Calls `before_fold` if there are any.

        Raises NotDurable, LogUnavailable, RedisError, KafkaError or LogBehindState: call `reset`, then try again. Raises
        TooManyInvalidLines: do not go on.
        """
        waiting = {partition: one.waiting for partition, one in self.owned.items() if one.waiting}
        self._source.pause([partition for partition, records in waiting.items() if _size(records) > _MAX_WAITING_BYTES])
        records = self._source.poll(0 if waiting else timeout)
        if not self._take_new_assignment():
            self._enqueue(records)
        if any(one.waiting for one in self.owned.values()):
            before_fold()
        batches = [self._reader.take(p, one.waiting) for p, one in self.owned.items() if one.waiting]
        if batches:
            self._fold(batches)
        self._periodic_checks()
        return sum(len(batch.lines) + batch.ignored for batch in batches)

    @property
    def has_assignment(self) -> bool:
        """Whether the group has assigned partitions to this worker, even if none, and is not assigning them again."""
        return self._generation > 0 and self._source.has_joined()

    def reset(self) -> None:
        """Drops everything in memory; the next round restarts from the fences."""
        self.owned.clear()
        self._generation = -1

    def close(self) -> None:
        """Commits the produced offsets and closes."""
        self._commit()
        self._source.close()
        self._producer.close()

    def _take_new_assignment(self) -> bool:
        """Prepares the partitions after a rebalance or a reset; the records just polled are polled again."""
        generation, partitions = self._source.assignment()
        if generation == self._generation:
            return False
        self.owned.clear()
        self._metrics.set_owned_partitions(partitions)
        self._prepare(sorted(partitions))
        self._generation = generation
        return True

    def _prepare(self, partitions: Sequence[int]) -> None:
        """Restarts from the fence. Records up to it are folded; outputs of those below the produced marker are on the log."""
        ends = self._source.current_ends(partitions)
        for partition, raw in self._states.fences(partitions).items():
            fence = fences.decode(raw)
            if fence.offset >= ends[partition]:
                raise LogBehindState(_behind(self.fold.source.name, partition, fence, ends[partition]))
            self.owned[partition] = OwnedPartition(raw, fence, self._produced_below(partition))
            self._source.seek(partition, fence.offset + 1)

    def _produced_below(self, partition: int) -> int:
        """The offset below which outputs are on the log: as committed, and as this worker has produced since then."""
        marker, known = self._source.committed_offset(partition), self.owned.get(partition)
        return marker if known is None else max(marker, known.produced_below, known.fence.offset + 1)

    def _restart(self, partitions: Sequence[int]) -> None:
        """Restarts partitions after another worker moved their fence, or Redis lost it."""
        if partitions:
            self._metrics.record_refusal(len(partitions))
            self._prepare(partitions)

    def _enqueue(self, polled: dict[int, list[Record]]) -> None:
        for partition, records in polled.items():
            one = self.owned.get(partition)
            if one is not None:
                one.waiting.extend(record for record in records if record.offset > one.fence.offset)

    def _fold(self, batches: Sequence[Batch[Line]]) -> None:
        with self._metrics.step("load"):
            loaded = self._load(batches)
        self._failpoint("after_load")
        current = [
            batch for batch in batches if loaded[batch.partition].fence == self.owned[batch.partition].stored_fence
        ]
        with self._metrics.step("decide"):
            outcomes = [self._decide(batch, loaded[batch.partition]) for batch in current]
        tallies = [
            self._limit.check(batch.partition, line_validity(batch, outcome))
            for batch, outcome in zip(current, outcomes, strict=True)
        ]
        self._failpoint("before_produce")
        with self._metrics.step("produce"):
            self._producer.produce([line for outcome in outcomes for line in outcome.output_lines])
        self._failpoint("after_produce")
        with self._metrics.step("apply"):
            applied = self._apply(outcomes)
        self._failpoint("after_apply")
        for batch, outcome, tally in zip(current, outcomes, tallies, strict=True):
            if applied[batch.partition]:
                self._limit.record(batch.partition, tally)
                self._metrics.record_batch(outcome, len(batch.lines) + batch.ignored)
                self._log_set_aside(outcome)
        self._restart([batch.partition for batch in batches if not applied.get(batch.partition)])

    def _log_set_aside(self, outcome: Outcome) -> None:
        """One log line for each program of the batch, however many of its lines were set aside."""
        for program, lines in outcome.set_aside.items():
            log.warning(
                "lines set aside: the program's rules cannot process them",
                fold=self.fold.name,
                program=program,
                lines=lines.count,
                topic=lines.first.topic,
                partition=lines.first.partition,
                offset=lines.first.offset,
                line=lines.first.line,
                reason=lines.first.detail,
            )
        if outcome.retries_failed:
            log.warning("retried lines still wait", fold=self.fold.name, lines=outcome.retries_failed)

    def _load(self, batches: Sequence[Batch[Line]]) -> dict[int, LoadedState]:
        requests: dict[int, StateRequest] = {}
        loaded: dict[int, LoadedState] = {}
        for batch in batches:
            if batch.tick:
                loaded[batch.partition] = self._load_due(batch)
            else:
                requests[batch.partition] = self._decider.state_request(
                    batch, self.owned[batch.partition].fence.set_aside
                )
        return loaded | self._states.load(requests) if requests else loaded

    def _load_due(self, batch: Batch[Line]) -> LoadedState:
        partition = batch.partition
        due = self._states.due(partition, self._decider.tick_ms(batch))
        return self._decider.with_timer_states(
            batch, due, lambda request: self._states.load({partition: request})[partition]
        )

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
        """Every three seconds: compares the fences with Redis (a wipe without traffic), commits the markers, reports the lag."""
        now = time.monotonic()
        if now - self._checked_at < _CHECK_INTERVAL_S:
            return
        self._checked_at = now
        stored = self._states.fences(list(self.owned))
        self._restart([partition for partition, raw in stored.items() if raw != self.owned[partition].stored_fence])
        self._commit()
        self._measure_lag()

    def _commit(self) -> None:
        """Commits the produced markers that have moved."""
        markers = {p: max(one.fence.offset + 1, one.produced_below) for p, one in self.owned.items()}
        moved = {p: offset for p, offset in markers.items() if offset > 0 and self._committed.get(p) != offset}
        if moved:
            self._source.commit(moved)
            self._committed.update(moved)

    def _measure_lag(self) -> None:
        ends = self._source.cached_ends(list(self.owned))
        for partition, end in ends.items():
            self._metrics.set_lag(partition, max(0, end - 1 - self.owned[partition].fence.offset))
            self._metrics.set_waiting(partition, self.owned[partition].fence.set_aside)


def _size(records: Iterable[Record]) -> int:
    """Bytes."""
    return sum(len(record.value) for record in records)


def _behind(topic: str, partition: int, fence: Fence, end: int) -> str:
    return (
        f"the state in REFERRAL_REDIS was folded up to offset {fence.offset} of partition {partition} of `{topic}`, but the"
        f" log ends at offset {end}: the state belongs to another log, or the log has lost its tail. Give this system a Redis"
        " database of its own, or empty that one (FLUSHDB; in a cluster at every master): the folds rebuild it from the log."
    )
