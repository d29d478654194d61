"""Folds side by side in one process: what ends one of them ends the process."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from referral.fold.fold_process import collect_garbage_seldom, run_side_by_side
from referral.fold.invalid_limit import TooManyInvalidLines
from referral.log.idleness import IDLE_AFTER_S, Idleness
from tests.support.waiting import wait_until


class _Cycle:
    """An object that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collection() -> Iterator[threading.Event]:
    """What ends the collection of garbage; afterwards it is as Python does it."""
    stopping = threading.Event()
    yield stopping
    stopping.set()
    gc.enable()
    gc.unfreeze()


def test_cycles_are_freed_now_and_then_and_not_by_the_number_of_objects(
    monkeypatch: pytest.MonkeyPatch, collection: threading.Event
) -> None:
    """A batch may make as many as it needs: Python's own collector is off."""
    monkeypatch.setattr("referral.fold.fold_process._GARBAGE_INTERVAL_S", 0.01)
    collect_garbage_seldom(collection)
    assert not gc.isenabled()
    cycle = weakref.ref(_Cycle())
    wait_until(lambda: cycle() is None)


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
