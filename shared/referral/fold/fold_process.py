"""A process that runs folds: several that mostly wait share one, so that a small machine holds fewer interpreters.

Each fold has a thread, connections and a readiness check of its own, and is a consumer group of its own: the folds of a process
share nothing but its memory. If one of them must not go on, the process ends, as it does with a single fold.
"""

import gc
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

import structlog

from referral.config import Settings
from referral.fold.fold_table import AnyFold, FoldTable
from referral.fold.invalid_limit import TooManyInvalidLines
from referral.fold.worker import FoldWorker
from referral.http.health import Check, redis_check
from referral.http.ops_server import serve_ops
from referral.log.acls import operations_on
from referral.log.progress_monitor import ProgressMonitor, TopicEnds
from referral.log.topic_admin import TopicMismatch
from referral.log.topic_check import LogStartup
from referral.redis_client import connect_for_http
from referral.telemetry.process import set_up_telemetry
from referral.topics import CATALOG, REJECTED

_GARBAGE_INTERVAL_S = 30
log = structlog.get_logger()


def run_named_folds(service: str, names: Sequence[str], table: FoldTable, settings: Settings) -> None:
    """Sets up the telemetry of the process, such as `leaderboard/boards`, and runs folds of its table until SIGTERM."""
    names = list(dict.fromkeys(names))
    set_up_telemetry(f"{service}/{names[0] if len(names) == 1 else 'folds'}", settings)
    run_folds([table[name](settings) for name in names], settings)


def run_folds(folds: Sequence[AnyFold], settings: Settings) -> None:
    """Runs folds in this process until SIGTERM or SIGINT, with health and metrics on `REFERRAL_METRICS_PORT`.

    Ends the process if the topics' partitions differ from its settings: readers would look for states elsewhere.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    startup = LogStartup(
        settings,
        operations_on(
            (*(fold.source for fold in folds), CATALOG),
            (*(topic for fold in folds for topic in fold.outputs), REJECTED),
        ),
    )
    threads = [_FoldThread(fold, settings, startup, stopping) for fold in folds]
    collect_garbage_seldom(stopping)
    checks = {name: check for thread in threads for name, check in thread.checks(alone=len(folds) == 1).items()}
    with serve_ops(settings, checks | {"redis": redis_check(connect_for_http(settings))}):
        try:
            startup.wait(stopping)
            run_side_by_side([thread.run for thread in threads], stopping)
        except TopicMismatch as mismatch:
            raise SystemExit(f"topics: {mismatch}") from mismatch
        except TooManyInvalidLines as error:
            raise SystemExit(1) from error


def collect_garbage_seldom(stopping: threading.Event) -> None:
    """Looks for cycles of objects every half minute only, until `stopping`, and never among the modules and what was made so far.

    Reference counts free what a batch makes: tens of thousands of objects that live until its end. To look through them for
    cycles whenever some more are made took 5 to 10 % of the time.
    """

    def collect() -> None:
        while not stopping.wait(_GARBAGE_INTERVAL_S):
            gc.collect()

    gc.freeze()
    gc.disable()
    threading.Thread(target=collect, name="garbage", daemon=True).start()


class _FoldThread:
    """A fold of the process: its worker, and the monitor that watches it."""

    def __init__(self, fold: AnyFold, settings: Settings, startup: LogStartup, stopping: threading.Event) -> None:
        self._fold = fold
        self._settings = settings
        self._startup = startup
        self._stopping = stopping
        self._worker: FoldWorker | None = None
        self._monitor = ProgressMonitor(
            fold.name,
            settings,
            TopicEnds(settings, fold.source),
            lambda ends: self._worker.backlogs(ends) if self._worker else None,
        )

    def checks(self, *, alone: bool) -> dict[str, Check]:
        """Its readiness checks by name, which say whose they are unless it is alone in its process."""
        name = self._fold.name
        progress = "progress" if alone else f"{name}-progress"
        return {name: self._not_ready_reason, progress: self._monitor.not_ready_reason}

    def run(self) -> None:
        """Folds until the process stops. Raises TooManyInvalidLines."""
        if not self._stopping.is_set():
            self._worker = FoldWorker(self._fold, self._settings, self._stopping)
            with self._monitor.running():
                self._fold_lines(self._worker)

    def _fold_lines(self, worker: FoldWorker) -> None:
        try:
            worker.run()
        except TooManyInvalidLines as error:
            log.critical("fold stopped", fold=self._fold.name, reason=str(error))
            raise

    def _not_ready_reason(self) -> str | None:
        return self._worker.not_ready_reason if self._worker else self._startup.reason


def run_side_by_side(runs: Sequence[Callable[[], None]], stopping: threading.Event) -> None:
    """Runs each in a thread until all have ended. The first error sets `stopping`, and is raised once the others have ended."""
    with ThreadPoolExecutor(len(runs), thread_name_prefix="fold") as pool:
        running: list[Future[None]] = [pool.submit(run) for run in runs]
        ended, _ = wait(running, return_when=FIRST_EXCEPTION)
        stopping.set()
    for one in ended:
        one.result()
