"""Folds side by side in one process: what ends one of them ends the process."""

import threading

import pytest

from referral.fold.fold_process import run_side_by_side
from referral.fold.invalid_limit import TooManyInvalidLines
from referral.log.idleness import IDLE_AFTER_S, Idleness


def test_an_error_of_one_fold_stops_the_others_and_is_raised() -> None:
    """They end as they do at SIGTERM, after their batch."""
    stopping, ended = threading.Event(), []

    def fails() -> None:
        raise TooManyInvalidLines("100 lines in a row")

    def waits() -> None:
        stopping.wait(150)
        ended.append("in order")

    with pytest.raises(TooManyInvalidLines):
        run_side_by_side([waits, fails, waits], stopping)
    assert ended == ["in order", "in order"]


def test_folds_that_were_stopped_end_without_an_error() -> None:
    """The process then exits with 0."""
    stopping = threading.Event()
    stopping.set()
    run_side_by_side([lambda: None, lambda: None], stopping)


def test_a_consumer_is_idle_once_ten_seconds_had_no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first record ends it."""
    now = [1000.0]
    monkeypatch.setattr("referral.log.idleness.time.monotonic", lambda: now[0])
    idleness = Idleness()
    now[0] += IDLE_AFTER_S
    idleness.observe(had_records=False)
    assert not idleness.is_idle
    now[0] += 0.1
    assert idleness.is_idle
    idleness.observe(had_records=True)
    assert not idleness.is_idle
