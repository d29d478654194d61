"""Whether a consumer makes progress: what counts as a stall, and what does not."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from referral.log.progress_monitor import unassigned, waiting_records
from referral.log.progress_watch import Backlog, ProgressWatch

LIMIT_S = 60


def _watch(*observations: tuple[float, dict[str, Backlog] | None]) -> ProgressWatch:
    watch = ProgressWatch(LIMIT_S)
    for now_s, backlogs in observations:
        watch.observe(now_s, backlogs)
    return watch


def _every_five_seconds(backlogs: Sequence[dict[str, Backlog] | None]) -> ProgressWatch:
    return _watch(*[(5.0 * number, one) for number, one in enumerate(backlogs)])


def test_a_backlog_that_does_not_move_is_first_not_ready_and_then_a_reason_to_restart() -> None:
    """At half of the limit, and at the limit; the reason has the numbers."""
    stuck = {"3": Backlog(7, 100)}
    assert _every_five_seconds([stuck] * 6).not_ready_reason() is None
    waiting = _every_five_seconds([stuck] * 7)
    assert waiting.not_ready_reason() == "7 records wait, and none was processed for 30 s"
    assert waiting.restart_reason() is None
    assert _every_five_seconds([stuck] * 13).restart_reason() == "7 records wait, and none was processed for 60 s"


def test_one_stuck_partition_is_a_stall_while_others_move() -> None:
    """The worst counts."""
    observed = [{"0": Backlog(9, number), "1": Backlog(1, 5)} for number in range(13)]
    assert _every_five_seconds(observed).restart_reason() is not None


def test_a_growing_backlog_of_a_consumer_that_works_is_no_stall() -> None:
    """It is slow, and a restart would not make it faster."""
    assert _every_five_seconds([{"0": Backlog(number * 100, number)} for number in range(1, 40)]).stalled_s == 0


def test_an_idle_consumer_is_no_stall() -> None:
    """Also when a record arrives after a long time: it is the consumer's from then on."""
    observed = [{"0": Backlog(0, 100)}] * 40 + [{"0": Backlog(1, 100)}]
    assert _every_five_seconds(observed).stalled_s == 0


def test_time_without_kafka_or_in_suspension_does_not_count() -> None:
    """A restart would not bring Kafka back, and a process that was suspended has had no time to work."""
    stuck = {"0": Backlog(7, 100)}
    assert _every_five_seconds([stuck] * 12 + [None] * 40 + [stuck] * 12).restart_reason() is None
    assert _watch((0, stuck), (5, stuck), (3605, stuck)).restart_reason() is None


def test_a_consumer_without_partitions_does_not_move_and_one_that_is_spare_has_nothing_to_do() -> None:
    """The first never got an assignment; the second got an empty one."""
    assert _every_five_seconds([unassigned({0: 5, 1: 0})] * 13).restart_reason() is not None
    assert _every_five_seconds([{}] * 40).restart_reason() is None


def test_only_partitions_of_the_consumer_wait_for_it() -> None:
    """The others are another worker's."""
    assert waiting_records({0: 10, 1: 20}, {1: 15, 2: 3}) == {1: 5}
    assert waiting_records({0: 3}, {0: 5}) == {0: 0}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=40))
def test_a_stall_is_never_longer_than_the_time_since_the_last_move(moves: list[tuple[int, int]]) -> None:
    """Against a simple count of the observations since marker or backlog changed."""
    watch, expected, before = ProgressWatch(LIMIT_S), 0.0, None
    for number, (records, marker) in enumerate(moves):
        watch.observe(5.0 * number, {"0": Backlog(records, marker)})
        still = before is not None and before[1] == marker and before[0] > 0 and records > 0
        expected = expected + 5.0 if still else 0.0
        before = records, marker
        assert watch.stalled_s == expected
