"""Workers of folds on a log and states in memory, as they run in production; `referral.fold.in_memory` does without a log."""

from typing import Any

from referral.catalog.view import Catalog
from referral.fold.decider import Decider
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner
from referral.log.memory_log import MemoryFoldProducer, MemoryLog, MemorySource


def memory_worker(
    fold: Any,
    log: MemoryLog,
    states: MemoryStateStore,
    catalog: Catalog,
    partitions: int,
    markers: dict[int, int] | None = None,
) -> FoldRunner:
    """A worker of a fold. `markers` are the committed produced markers, which outlive it."""
    return FoldRunner(
        fold,
        MemorySource(log, fold.source.name, partitions, markers),
        states,
        MemoryFoldProducer(log),
        Decider(fold, catalog, lambda topic: topic.partitions or partitions),
        FoldMetrics(fold.name),
    )


def drain(worker: FoldRunner) -> None:
    """Folds everything on the log. Two idle rounds in a row are the end: the first one after a start only seeks."""
    idle = 0
    while idle < 2:
        busy = worker.run_once(0) or any(one.waiting for one in worker.owned.values())
        idle = 0 if busy else idle + 1
