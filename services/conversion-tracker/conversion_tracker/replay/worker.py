"""A replay in a process of its own: `python -m conversion_tracker replay`, which reads its task from standard input.

It runs at low priority, and ends if its job is cancelled, if Redis has lost the job, or if the service that started it has ended.
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
from referral.catalog.catalog_source import open_source
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

    def __init__(self, jobs: ReplayJobs, task: ReplayTask) -> None:
        self._jobs = jobs
        self._parent = task.parent
        self._started = time.monotonic()
        self._attributing_since = 0.0
        self._rate = 0.0
        self._reported = float("-inf")
        self.job = task.job

    def __call__(self, progress: Progress) -> None:
        """Reports progress if it is time to."""
        now = time.monotonic()
        if progress.phase == "attributing":
            self._attributing_since = self._attributing_since or now
            elapsed = now - self._attributing_since
            self._rate = progress.events / elapsed if elapsed else 0.0
        if now - self._reported >= _REPORT_INTERVAL_S:
            self.job = replace(self.job, progress=self.snapshot(progress))
            self.update(self.job)
            self._reported = now

    @contextmanager
    def renewing_lease(self, every_s: float = _LEASE_RENEWAL_S) -> Iterator[None]:
        """Renews the lease while the block runs, also during long steps without progress reports: screening, sorting, comparing."""
        ended = Event()
        thread = Thread(target=self._renew_lease, args=(ended, every_s), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _renew_lease(self, ended: Event, every_s: float) -> None:
        while not ended.wait(every_s) and os.getppid() == self._parent:
            try:
                self._jobs.update(self.job)
            except RedisError as error:
                log.warning("lease not renewed", id=self.job.id, reason=str(error))

    def update(self, job: ReplayJob) -> None:
        """Stores the job now. Raises ReplayCancelled if it was cancelled, or if the service has ended."""
        if os.getppid() != self._parent or not self._jobs.update(job):
            raise ReplayCancelled

    def snapshot(self, progress: Progress) -> ReplayProgress:
        """Returns the progress as the API shows it."""
        return ReplayProgress(
            phase=progress.phase,
            records_read=progress.records,
            records_total=progress.total,
            events=progress.events,
            seconds=round(time.monotonic() - self._started, 3),
            events_per_second=round(self._rate, 1),
            cpu_seconds=round(time.process_time(), 3),
        )


def main() -> None:
    """Runs the task that standard input has."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=ReplayTask)
    configure_logs("conversion-tracker/replay", task.settings)
    os.nice(_NICENESS)
    gc.disable()  # states live until the end and form no cycles; the process ends soon
    reporter = ProgressReporter(ReplayJobs(connect_for_folds(task.settings)), task)
    try:
        with reporter.renewing_lease():
            done = _run_task(task, reporter)
        reporter.update(done)
    except ReplayCancelled:
        log.info("replay ended", id=task.job.id, reason="cancelled, lost by Redis, or the service has ended")


def _run_task(task: ReplayTask, reporter: ProgressReporter) -> ReplayJob:
    """Returns the job with its result, or with the reason why there is none."""
    progress = Progress()

    def report(now: Progress) -> None:
        nonlocal progress
        progress = now
        reporter(now)

    try:
        outcome = _run_replay(task, report)
    except ReplayCancelled:
        raise
    except Exception as error:
        log.exception("replay failed", id=task.job.id)
        return replace(reporter.job, status="failed", detail=f"{type(error).__name__}: {error}")
    result = replay_result(outcome)
    return replace(
        reporter.job, status="done", progress=replace(reporter.snapshot(progress), phase="done"), result=result
    )


def _run_replay(task: ReplayTask, report: ReportProgress) -> ReplayOutcome:
    settings = task.settings
    with KafkaLogHistory(settings) as past:
        events = past.ends(EVENTS)
        source = open_source(settings, people=False, may_write=False)
        try:
            report(Progress())
            source.read_to_end(_CATALOG_TIMEOUT_S)
            signer = TokenSigner(settings.key_ring())
            replay = Replay(task.rules, source.view, signer, settings.lateness_days, report, task.job.since)
            return replay.run(past, events)
        finally:
            source.close()
