"""Metrics of a fold; their names and meanings are in `referral.telemetry.metrics`."""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from referral.events.line import type_tag
from referral.fold.decider import Outcome
from referral.telemetry.label_limit import LabelLimit
from referral.telemetry.metrics import counter, gauge, histogram, record

MAX_PROGRAM_LABELS = 50


class FoldMetrics:
    """The metrics of one fold, with their labels resolved once."""

    def __init__(self, fold: str) -> None:
        self._fold = fold
        self._lagging: set[int] = set()
        self._lines = counter("fold_lines").labels(fold)
        self._outputs = counter("fold_outputs")
        self._reasons = counter("fold_reasons")
        self._batches = counter("fold_batches").labels(fold)
        self._skipped = counter("fold_skipped").labels(fold)
        self._dead_letters = counter("fold_dead_letters").labels(fold)
        self._set_aside = counter("fold_set_aside")
        self._program_labels = LabelLimit(MAX_PROGRAM_LABELS)
        self._retried = counter("fold_retried")
        self._resets = counter("fold_resets").labels(fold)
        self._retries = counter("fold_retries").labels(fold)

    @contextmanager
    def step(self, step: str) -> Iterator[None]:
        """Times a step of a batch: load, decide, produce or apply."""
        began = time.perf_counter()
        try:
            yield
        finally:
            histogram("fold_step_seconds").labels(self._fold, step).observe(time.perf_counter() - began)

    def record_batch(self, outcome: Outcome, lines: int) -> None:
        """Counts an applied batch."""
        self._batches.inc()
        self._lines.inc(lines)
        for kind, count in outcome.output_counts.items():
            self._outputs.labels(self._fold, type_tag(kind)).inc(count)
        for (kind, reason), count in outcome.reason_counts.items():
            self._reasons.labels(self._fold, type_tag(kind), reason).inc(count)
        for measurement in outcome.measurements:
            record(*measurement)
        self._skipped.inc(outcome.skipped)
        self._dead_letters.inc(len(outcome.dead_letters))
        for program, rejected in outcome.set_aside.items():
            self._set_aside.labels(self._fold, self._program_labels.label(program)).inc(rejected.count)
        if outcome.retries_done or outcome.retries_failed:
            self._retried.labels(self._fold, "decided").inc(outcome.retries_done)
            self._retried.labels(self._fold, "still_waiting").inc(outcome.retries_failed)

    def record_refusal(self, partitions: int) -> None:
        """Counts partitions that restart from their fence, because it had moved."""
        self._resets.inc(partitions)

    def record_retry(self) -> None:
        """Counts a restart from the fences because Kafka or Redis was unavailable."""
        self._retries.inc()

    def set_lag(self, partition: int, records: int) -> None:
        """Sets how many records of a partition are not folded yet."""
        self._lagging.add(partition)
        gauge("fold_lag_records").labels(self._fold, str(partition)).set(records)

    def set_waiting(self, partition: int, lines: int) -> None:
        """Sets how many lines of a partition are set aside and wait for a retry."""
        gauge("fold_waiting_lines").labels(self._fold, str(partition)).set(lines)

    def set_owned_partitions(self, partitions: Collection[int]) -> None:
        """Removes the lag of all other partitions: their workers report it."""
        for lost in self._lagging.difference(partitions):
            gauge("fold_lag_records").remove(self._fold, str(lost))
            gauge("fold_waiting_lines").remove(self._fold, str(lost))
        self._lagging.intersection_update(partitions)
