"""A replay in a process of its own: `python -m conversion_tracker replay`, which reads its order from standard input.

It gives way to everything else on the machine, and ends when its job is cancelled, when Redis has forgotten it, or when the service
that started it is gone.
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

from conversion_tracker.replay.jobs import Job, Jobs, ProgressNow
from conversion_tracker.replay.log_history import LoggedPast
from conversion_tracker.replay.replay_run import Progress, Replay, Replayed, Tell
from conversion_tracker.replay.result import result_of
from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.events.program import Program
from referral.redis_client import connect_for_folds
from referral.telemetry.logs import configure_logs
from referral.tokens import TokenSigner
from referral.topics import EVENTS

_BEAT_S = 0.5
_KEEP_S = 3.0  # a fifth of a lease
_CATALOG_S = 10.0
_GIVING_WAY = 10
log = structlog.get_logger()


class Order(msgspec.Struct, frozen=True):
    """What to replay, for whom, and who is to be there as long as it runs."""

    job: Job
    rules: Program
    settings: Settings
    parent: int


class Unwanted(Exception):
    """Nobody waits for this replay any more."""


class Beat:
    """Tells the job how far it is, twice a second at most. Raises Unwanted."""

    def __init__(self, jobs: Jobs, order: Order) -> None:
        self._jobs = jobs
        self._parent = order.parent
        self._began = time.monotonic()
        self._folding = 0.0  # when the events began to be read
        self._rate = 0.0
        self._told = float("-inf")
        self.job = order.job

    def __call__(self, progress: Progress) -> None:
        """Tells it, where it is time."""
        now = time.monotonic()
        if progress.phase == "attributing":
            self._folding = self._folding or now
            self._rate = progress.events / (now - self._folding) if now > self._folding else 0.0
        if now - self._told >= _BEAT_S:
            self.job = replace(self.job, progress=self.shown(progress))
            self.tell(self.job)
            self._told = now

    @contextmanager
    def kept(self, every_s: float = _KEEP_S) -> Iterator[None]:
        """Keeps the lease while the block lasts, however long a step takes that tells nothing: screening, sorting, comparing."""
        over = Event()
        thread = Thread(target=self._keep, args=(over, every_s), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _keep(self, over: Event, every_s: float) -> None:
        while not over.wait(every_s) and os.getppid() == self._parent:
            try:
                self._jobs.tell(self.job)
            except RedisError as error:
                log.warning("lease not kept", id=self.job.id, reason=str(error))

    def tell(self, job: Job) -> None:
        """Tells it now."""
        if os.getppid() != self._parent or not self._jobs.tell(job):
            raise Unwanted

    def shown(self, progress: Progress) -> ProgressNow:
        """How far it is, as it is answered."""
        return ProgressNow(
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
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    configure_logs("conversion-tracker/replay", order.settings)
    os.nice(_GIVING_WAY)
    gc.disable()  # states live to the end and form no cycles; the process is gone soon
    beat = Beat(Jobs(connect_for_folds(order.settings)), order)
    try:
        with beat.kept():
            done = _done(order, beat)
        beat.tell(done)
    except Unwanted:
        log.info("replay ended", id=order.job.id, reason="cancelled, forgotten, or the service is gone")


def _done(order: Order, beat: Beat) -> Job:
    """The job with its result, or with why there is none."""
    progress = Progress()

    def tell(now: Progress) -> None:
        nonlocal progress
        progress = now
        beat(now)

    try:
        catalog, replayed = _replayed(order, tell)
    except Unwanted:
        raise
    except Exception as error:
        log.exception("replay failed", id=order.job.id)
        return replace(beat.job, status="failed", detail=f"{type(error).__name__}: {error}")
    result = result_of(replayed, catalog)
    return replace(beat.job, status="done", progress=replace(beat.shown(progress), phase="done"), result=result)


def _replayed(order: Order, tell: Tell) -> tuple[Catalog, Replayed]:
    settings = order.settings
    with LoggedPast(settings) as past:
        events = past.ends(EVENTS)
        reader = CatalogReader(settings, Catalog())
        try:
            tell(Progress())
            reader.read_to_end(_CATALOG_S)
        finally:
            reader.close()
        replay = Replay(order.rules, reader.view, TokenSigner(settings.signing_key), settings.lateness_days, tell)
        return reader.view, replay.run(past, events)
