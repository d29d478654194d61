"""A replay in a process of its own: `python -m conversion_tracker replay`, which reads its order from standard input.

It runs at low priority, and ends when its job is cancelled, when the job is missing in Redis, or when the service that started it
has ended.
"""

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import msgspec
import structlog
from msgspec.structs import replace
from redis.exceptions import RedisError

from conversion_tracker.replay.jobs import ReplayJob, ReplayJobs, ReplayProgress
from conversion_tracker.replay.log_history import KafkaLogHistory
from conversion_tracker.replay.replay_run import Progress, Replay, ReplayOutcome, ReportProgress
from conversion_tracker.replay.result import replay_result
from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.events.program import Program
from referral.redis_client import connect_for_folds
from referral.telemetry.logs import configure_logs
from referral.tokens import TokenSigner
from referral.topics import EVENTS

_REPORT_INTERVAL_S = 0.5
_LEASE_RENEWAL_S = 3.0  # a fifth of a lease
_CATALOG_TIMEOUT_S = 10.0
_NICENESS = 10
log = structlog.get_logger()


class ReplayTask(msgspec.Struct, frozen=True):
    """What to replay, for which job, and the process id of the service that must be alive."""

    job: ReplayJob
    rules: Program
    settings: Settings
    parent: int


class ReplayCancelled(Exception):
    """The replay was cancelled, or its service has ended."""


class ProgressReporter:
    """Reports progress to the job, at most twice a second. Raises ReplayCancelled."""

    def __init__(self, jobs: ReplayJobs, order: ReplayTask) -> None:
        self._jobs = jobs
        self._parent = order.parent
        self._began = time.monotonic()
        self._folding = 0.0  # when the events began to be read
        self._rate = 0.0
        self._told = float("-inf")
        self.job = order.job

    def __call__(self, progress: Progress) -> None:
        """Reports progress if it is time to."""
        now = time.monotonic()
        if progress.phase == "attributing":
            self._folding = self._folding or now
            self._rate = progress.events / (now - self._folding) if now > self._folding else 0.0
        if now - self._told >= _REPORT_INTERVAL_S:
            self.job = replace(self.job, progress=self.snapshot(progress))
            self.update(self.job)
            self._told = now

    @contextmanager
    def renewing_lease(self, every_s: float = _LEASE_RENEWAL_S) -> Iterator[None]:
        """Renews the lease while the block runs, also during long steps without progress reports: screening, sorting, comparing."""
        over = Event()
        thread = Thread(target=self._renew_lease, args=(over, every_s), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _renew_lease(self, over: Event, every_s: float) -> None:
        while not over.wait(every_s) and os.getppid() == self._parent:
            try:
                self._jobs.update(self.job)
            except RedisError as error:
                log.warning("lease not renewed", id=self.job.id, reason=str(error))

    def update(self, job: ReplayJob) -> None:
        """Reports progress now."""
        if os.getppid() != self._parent or not self._jobs.update(job):
            raise ReplayCancelled

    def snapshot(self, progress: Progress) -> ReplayProgress:
        """How far it is, as it is answered."""
        return ReplayProgress(
            phase=progress.phase,
            records_read=progress.records,
            records_total=progress.total,
            events=progress.events,
            seconds=round(time.monotonic() - self._began, 3),
            events_per_second=round(self._rate, 1),
            cpu_seconds=round(time.process_time(), 3),
        )


def main() -> None:
    """Does what standard input orders. Ends with 1 where it could not."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=ReplayTask)
    configure_logs("conversion-tracker/replay", order.settings)
    os.nice(_NICENESS)
    gc.disable()  # states live to the end and form no cycles; the process is gone soon
    beat = ProgressReporter(ReplayJobs(connect_for_folds(order.settings)), order)
    try:
        with beat.renewing_lease():
            done = _run_task(order, beat)
        beat.update(done)
    except ReplayCancelled:
        log.info("replay ended", id=order.job.id, reason="cancelled, forgotten, or the service is gone")


def _run_task(order: ReplayTask, beat: ProgressReporter) -> ReplayJob:
    """The job with its result, or with why there is none."""
    progress = Progress()

    def tell(now: Progress) -> None:
        nonlocal progress
        progress = now
        beat(now)

    try:
        catalog, replayed = _run_replay(order, tell)
    except ReplayCancelled:
        raise
    except Exception as error:
        log.exception("replay failed", id=order.job.id)
        return replace(beat.job, status="failed", detail=f"{type(error).__name__}: {error}")
    result = replay_result(replayed, catalog)
    return replace(beat.job, status="done", progress=replace(beat.snapshot(progress), phase="done"), result=result)


def _run_replay(order: ReplayTask, tell: ReportProgress) -> tuple[Catalog, ReplayOutcome]:
    settings = order.settings
    with KafkaLogHistory(settings) as past:
        events = past.ends(EVENTS)
        reader = CatalogReader(settings, Catalog())
        try:
            tell(Progress())
            reader.read_to_end(_CATALOG_TIMEOUT_S)
        finally:
            reader.close()
        replay = Replay(order.rules, reader.view, TokenSigner(settings.signing_key), settings.lateness_days, tell)
        return reader.view, replay.run(past, events)
