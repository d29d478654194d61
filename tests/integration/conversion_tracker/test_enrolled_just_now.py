"""Who was enrolled a moment ago is known to the folds: "unknown code" is said only after the catalog was read to its end."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from conversion_tracker.attribution.fold import AttributeFold
from referral.config import Settings
from referral.events.entities import Participant
from referral.fold.worker import FoldWorker
from referral.log.source import Record, Source
from referral.tokens import TokenSigner
from tests.support.builders.participants import PROGRAM, person_id
from tests.support.records import write_records
from tests.support.systems.conversion_tracker import event, serve_conversion_tracker
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


class Eventful:
    """A source during whose next poll something happens, before the poll gives what has come."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.happens: Callable[[], None] | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)

    def poll(self, timeout: float) -> dict[int, list[Record]]:
        if self.happens is None:
            return self._source.poll(timeout)
        self.happens()
        self.happens = None
        return wait_until(lambda: self._source.poll(0.1))


def test_a_code_enrolled_while_the_fold_waits_for_records_is_known_to_it(settings: Settings) -> None:
    """However fresh the view was a moment before: enrolment comes before its follow, so the follow finds it."""
    with serve_conversion_tracker(settings) as system:
        worker = FoldWorker(AttributeFold(TokenSigner(settings.key_ring()), 35), settings)
        source = worker.runner._source = Eventful(worker.runner._source)

        def enrol_and_follow(number: int) -> None:
            person = f"xhs:new{number}"
            fresh = Participant(
                recorded_at=datetime.now(UTC),
                id=person_id(person),
                program=PROGRAM,
                code=f"NEW{number}",
            )
            write_records(settings, [fresh])
            assert system.post(event(f"xhs:friend{number}", code=fresh.code)).status_code == 202

        try:
            wait_until(lambda: worker.run_once() == 0 and worker.runner.has_assignment, every=0)
            for number in range(2):  # the first time just after the view was read to its end, the second long after
                wait_until(lambda: worker._catalog.age() > 1.0)
                source.happens = lambda number=number: enrol_and_follow(number)  # type: ignore[misc]
                worker.run_once()
            assert [line["type"] for line in system.decoded("attributions")] == ["referral.attributed"] * 2
        finally:
            worker.runner.close()
            worker._catalog.close()
