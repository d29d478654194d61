"""A worker of a fold: connects to Kafka and Redis, reconnects after outages, and stops between two batches."""

import threading
from collections.abc import Mapping
from typing import TypeVar

import structlog
from kafka.errors import KafkaError
from redis.exceptions import RedisError

from referral.catalog.catalog_source import open_source
from referral.catalog.view import Catalog
from referral.clock import clock_from
from referral.config import Settings
from referral.fold.decider import Decider
from referral.fold.failpoints import create_failpoint
from referral.fold.fold import Fold
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.invalid_limit import InvalidLimit
from referral.fold.runner import FoldRunner, LogBehindState
from referral.fold.state_store import RedisStateStore
from referral.log.errors import LogUnavailable, NotDurable
from referral.log.fold_producer import KafkaFoldProducer
from referral.log.idleness import Idleness
from referral.log.progress_monitor import unassigned, waiting_records
from referral.log.progress_watch import Backlog
from referral.log.source import KafkaSource
from referral.log.topic_admin import partition_count
from referral.redis_client import connect_for_folds

Line = TypeVar("Line")
State = TypeVar("State")

_TURN_S, _IDLE_TURN_S = 0.5, 2.0  # for which a round waits for records; also the longest time until `stop` is noticed
_CATALOG_AGE_S = 1.0  # well within RULE_CHANGE_DELAY, after which a change of the catalog takes effect
_IDLE_CATALOG_AGE_S = 3.0  # of a fold without records, so that little is left to read when the next one comes
_CATALOG_TIMEOUT_S = 5.0
log = structlog.get_logger()


class FoldWorker:
    """One worker: the runner with its connections, and the catalog, read in the same thread. `stopping` ends `run`."""

    def __init__(self, fold: Fold[Line, State], settings: Settings, stopping: threading.Event | None = None) -> None:
        self._catalog = open_source(settings, self._refresh, people=False)
        self._catalog_refreshed = False
        self._metrics = FoldMetrics(fold.name)
        self._stopping = stopping or threading.Event()
        self.not_ready_reason: str | None = "not started yet"
        self._unavailable = False
        self._idleness = Idleness()
        self.runner = _runner(fold, settings, self._catalog.view, self._metrics)

    def run(self) -> None:
        """Folds until `stop`; waits and retries while Kafka or Redis is unavailable. Raises TooManyInvalidLines."""
        while not self._stopping.is_set():
            try:
                self.run_once()
                self._unavailable = False
                self.not_ready_reason = None if self.runner.has_assignment else "no partitions assigned yet"
            except (NotDurable, LogUnavailable, RedisError, KafkaError, LogBehindState) as error:
                self._pause_after(error)
        self.runner.close()
        self._catalog.close()

    def stop(self) -> None:
        """Ends `run` after the current batch."""
        self._stopping.set()

    def run_once(self) -> int:
        """One round of the runner. Records are folded on a catalog that was complete within the last second."""
        self._read_catalog(_IDLE_CATALOG_AGE_S)
        self._catalog_refreshed = False
        turn_s = _IDLE_TURN_S if self._idleness.is_idle else _TURN_S
        lines = self.runner.run_once(turn_s, self._read_catalog)
        self._idleness.observe(had_records=lines > 0)
        return lines

    def _read_catalog(self, most_age_s: float = _CATALOG_AGE_S) -> None:
        """Reads the catalog to its end if it was last complete longer ago."""
        if not self._catalog.is_pushed:
            self._catalog.poll()
        if self._catalog.age() > most_age_s:
            self._catalog.read_to_end(_CATALOG_TIMEOUT_S)

    def _refresh(self) -> bool:
        """Reads the catalog to its end at a round's first miss. Returns whether it has.

        The round's records were polled before, so every entity written before them is found; a second miss is real.
        """
        if self._catalog_refreshed:
            return False
        self._catalog.read_to_end(_CATALOG_TIMEOUT_S)
        self._catalog_refreshed = True
        return True

    def backlogs(self, ends: Mapping[int, int]) -> Mapping[str, Backlog] | None:
        """What waits in each partition; None while Kafka or Redis is unavailable. Called by the monitor's thread."""
        if self._unavailable:
            return None
        if not self.runner.has_assignment:
            return unassigned(ends)
        positions = {partition: one.fence.offset + 1 for partition, one in list(self.runner.owned.items())}
        waiting = waiting_records(ends, positions)
        return {str(partition): Backlog(records, positions[partition]) for partition, records in waiting.items()}

    def _pause_after(self, error: Exception) -> None:
        self._unavailable = True
        self.not_ready_reason = f"{type(error).__name__}: {error}"
        log.warning("fold is waiting", fold=self.runner.fold.name, reason=self.not_ready_reason)
        self._metrics.record_retry()
        self.runner.reset()
        self._stopping.wait(0.2)


def _runner(
    fold: Fold[Line, State], settings: Settings, catalog: Catalog, metrics: FoldMetrics
) -> FoldRunner[Line, State]:
    failpoint = create_failpoint(settings.failpoints, fold.name)
    clock = clock_from(settings.clock)
    producer = KafkaFoldProducer(settings, clock, between_records=lambda: failpoint("during_produce"))
    return FoldRunner(
        fold,
        KafkaSource(settings, fold.source, fold.name),
        RedisStateStore(connect_for_folds(settings), fold.service, fold.name),
        producer,
        Decider(fold, catalog, lambda topic: partition_count(topic, settings)),
        metrics,
        failpoint,
        InvalidLimit(settings.invalid_run),
    )
