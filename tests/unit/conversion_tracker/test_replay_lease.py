"""A replay's lease: its process keeps it as long as it works, whether or not it has anything to tell."""

import os
from threading import Event

from conversion_tracker.replay.jobs import ReplayJob, ReplayJobs
from conversion_tracker.replay.worker import ProgressReporter, ReplayTask
from referral.config import Settings
from referral.events.timestamps import to_datetime
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM

JOB = ReplayJob(id="rpl_1", program=PROGRAM, status="running", asked_at=to_datetime(0))


class Told(ReplayJobs):
    """Jobs that remember what they were told, and say when that was three times."""

    def __init__(self) -> None:
        self.jobs: list[ReplayJob] = []
        self.thrice = Event()

    def update(self, job: ReplayJob) -> bool:
        """Takes it down."""
        self.jobs.append(job)
        if len(self.jobs) == 3:
            self.thrice.set()
        return True


def _beat(told: Told, parent: int) -> ProgressReporter:
    return ProgressReporter(
        told,
        ReplayTask(
            JOB, program_version().program, Settings(signing_key="a signing key of more than 32 letters"), parent
        ),
    )


def test_a_step_that_tells_nothing_for_long_does_not_lose_the_lease() -> None:
    """Screening a large program anew takes longer than a lease; the replay would be lost each time it was asked for."""
    told = Told()
    with _beat(told, os.getppid()).renewing_lease(every_s=0.01):
        assert told.thrice.wait(150)
    assert {job.status for job in told.jobs} == {"running"}


def test_a_replay_whose_service_is_gone_keeps_nothing() -> None:
    """Its place is free again when the lease has run out."""
    told = Told()
    with _beat(told, os.getppid() + 1).renewing_lease(every_s=0.01):
        assert not told.thrice.wait(0.2)
    assert told.jobs == []
