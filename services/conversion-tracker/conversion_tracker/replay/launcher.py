"""Starts replays in processes of their own, watches them, and terminates them with the service."""

import os
import subprocess
import sys
from threading import Lock, Thread

import msgspec
import structlog
from msgspec.structs import replace
from redis.exceptions import RedisError

from conversion_tracker.replay.jobs import ReplayJob, ReplayJobs
from conversion_tracker.replay.worker import ReplayTask
from referral.config import Settings
from referral.events.program import Program
from referral.telemetry.metrics import counter

_COMMAND = (sys.executable, "-m", "conversion_tracker", "replay")
_STOP_TIMEOUT_S = 3
log = structlog.get_logger()


class ReplayLauncher:
    """The replays that this process has started."""

    def __init__(self, settings: Settings, jobs: ReplayJobs) -> None:
        self._settings = settings
        self._jobs = jobs
        self._lock = Lock()
        self._running: dict[Thread, subprocess.Popen[bytes]] = {}

    def start(self, job: ReplayJob, rules: Program) -> None:
        """Starts a replay. Raises ReplayBusy if it may not start now."""
        self._jobs.begin(job)
        process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE)  # noqa: S603 - our own module
        task = msgspec.json.encode(ReplayTask(job, rules, self._settings, os.getpid()))
        watcher = Thread(target=self._watch, args=(job, process, task), name=job.id, daemon=True)
        with self._lock:
            alive = {thread: running for thread, running in self._running.items() if thread.is_alive()}
            self._running = alive | {watcher: process}
            watcher.start()

    def close(self) -> None:
        """Terminates the running replays, and marks their jobs as failed."""
        with self._lock:
            running = dict(self._running)
        for process in running.values():
            process.terminate()
        for watcher, process in running.items():
            watcher.join(_STOP_TIMEOUT_S)
            if watcher.is_alive():
                process.kill()

    def _watch(self, job: ReplayJob, process: "subprocess.Popen[bytes]", task: bytes) -> None:
        """Waits for the process to end. Marks the job failed if the process died without reporting."""
        process.communicate(task)
        try:
            if process.returncode != 0:
                self._jobs.update(replace(job, status="failed", detail=_exit_reason(process.returncode)))
            ended = self._jobs.job(job.program, job.id)
        except RedisError as error:
            log.warning("replay result not stored", id=job.id, reason=str(error))
            return
        counter("replays").labels(ended.status if ended else "lost").inc()


def _exit_reason(code: int) -> str:
    if code < 0:
        return f"its process was ended by signal {-code}, or with the service: start the replay again"
    return f"its process ended with status {code}: see the service's log"
