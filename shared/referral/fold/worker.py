"""A fold as a process: connected to the broker and Redis, healed after their absence, stopped by SIGTERM between two batches."""

import gc
import signal
import threading
from typing import TypeVar

import structlog
from kafka.errors import KafkaError
from redis.exceptions import RedisError

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.clock import clock_from
from referral.config import Settings
from referral.fold.decider import Decider
from referral.fold.failpoints import failpoints
from referral.fold.fold import Fold
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.invalid_limit import InvalidLimit, TooManyInvalidLines
from referral.fold.runner import FoldRunner, LogBehindState
from referral.fold.state_store import RedisStateStore
from referral.log.connection import create_admin_client
from referral.log.errors import LogUnavailable, NotDurable
from referral.log.fold_producer import KafkaFoldProducer
from referral.log.source import KafkaSource
from referral.log.topic_admin import TopicMismatch, partition_count, verify_partitions
from referral.redis_client import connect_for_folds, connect_for_http

Line = TypeVar("Line")
State = TypeVar("State")

_CATALOG_AGE_S = 1.0  # well within the NOTICE after which a change of the catalog counts
_CATALOG_TIMEOUT_S = 5.0
log = structlog.get_logger()


class FoldWorker:
    """One worker: the runner with its real connections, and the catalog it reads in the same thread."""

    def __init__(self, fold: Fold[Line, State], settings: Settings) -> None:
        self._catalog = CatalogReader(settings, Catalog(refresh=self._refresh))
        self._fresh = False
        self._metrics = FoldMetrics(fold.name)
        self._stopping = threading.Event()
        self.trouble: str | None = "not started yet"
        self.runner = _runner(fold, settings, self._catalog.view, self._metrics)

    def run(self) -> None:
        """Folds until `stop`. Raises TooMuchInvalid when it should not go on."""
        while not self._stopping.is_set():
            try:
                self.run_once()
                self.trouble = None if self.runner.has_assignment else "no partitions were dealt to this worker yet"
            except (NotDurable, LogUnavailable, RedisError, KafkaError, LogBehindState) as error:
                self._pause_after(error)
        self.runner.close()
        self._catalog.close()

    def stop(self) -> None:
        """Ends after the batch at hand."""
        self._stopping.set()

    def run_once(self) -> int:
        """One round, on a catalog that is complete enough."""
        if self._catalog.age() > _CATALOG_AGE_S:
            self._catalog.read_to_end(_CATALOG_TIMEOUT_S)
        self._fresh = False
        return self.runner.run_once()

    def _refresh(self) -> None:
        """Reads the catalog to its end at a round's first miss. By then the round's records were polled, and whatever

        was said before them is found; so a second miss is a real one.
        """
        if not self._fresh:
            self._catalog.read_to_end(_CATALOG_TIMEOUT_S)
            self._fresh = True

    def _pause_after(self, error: Exception) -> None:
        self.trouble = f"{type(error).__name__}: {error}"
        log.warning("fold waits", reason=self.trouble)
        self._metrics.record_retry()
        self.runner.reset()
        self._stopping.wait(0.2)


def _runner(
    fold: Fold[Line, State], settings: Settings, catalog: Catalog, metrics: FoldMetrics
) -> FoldRunner[Line, State]:
    reached = failpoints(settings.failpoints, fold.name)
    speaker = KafkaFoldProducer(settings, clock_from(settings.clock), between_records=lambda: reached("amid_produce"))
    return FoldRunner(
        fold,
        KafkaSource(settings, fold.source, fold.name),
        RedisStateStore(connect_for_folds(settings), fold.service, fold.name),
        speaker,
        Decider(fold, catalog, lambda topic: partition_count(topic, settings)),
        metrics,
        reached,
        InvalidLimit(settings.invalid_run),
    )


def _verify(settings: Settings) -> None:
    """Ends the process where the topics are not as its settings say: states would come to lie where nobody looks."""
    client = create_admin_client(settings)
    try:
        verify_partitions(client, settings)
    except TopicMismatch as mismatch:
        raise SystemExit(f"topics: {mismatch}") from mismatch
    finally:
        client.close()


def run_fold(fold: Fold[Line, State], settings: Settings) -> None:
    """Runs a fold in this process until SIGTERM or SIGINT, with its health and metrics on `REFERRAL_METRICS_PORT`."""
    from referral.http.health import redis_check
    from referral.http.ops_server import serve_ops

    # A batch's thousands of objects live to its end and form no cycles; looking for some every 700 costs a tenth of the work.
    gc.set_threshold(50_000, 20, 100)
    _verify(settings)
    worker = FoldWorker(fold, settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    checks = {fold.name: lambda: worker.trouble, "redis": redis_check(connect_for_http(settings))}
    with serve_ops(settings, checks):
        try:
            worker.run()
        except TooManyInvalidLines as error:
            log.critical("fold stopped", fold=fold.name, reason=str(error))
            raise SystemExit(1) from error
