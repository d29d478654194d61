"""The fold runner on the in-memory log: exact under every fault it promises to survive, and caught when a part is removed."""

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from referral.fold import batch, runner
from referral.fold import fence as fences
from referral.fold.decider import Decider
from referral.fold.failpoints import POINTS
from referral.fold.fence import Fence
from referral.fold.invalid_limit import InvalidLimit, TooManyInvalidLines
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner, LogBehindState
from referral.fold.state_store import StateChange
from referral.log.errors import NotDurable
from referral.log.memory_log import MemorySource
from tests.support.scenarios.word_pipeline import CountFold, Crash, DistinctFold, WordPipeline

PEOPLE = st.sampled_from(["amy", "bo", "chen"])
WORDS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
FOLDS = st.sampled_from([DistinctFold(), CountFold()])
PLACES = st.sampled_from([point for point in POINTS if point != "amid_produce"])  # the log in memory has no such middle


class Faults(RuleBasedStateMachine):
    """Any order of words, rounds, crashes, wipes, zombies and broker failures; then a drain must give the oracle's counts."""

    runner: type[FoldRunner] = FoldRunner
    decider: type[Decider] = Decider
    states: type[MemoryStateStore] = MemoryStateStore

    def __init__(self) -> None:
        super().__init__()
        self.pipeline = WordPipeline(self.runner, self.decider)
        self.pipeline.states = {"distinct": self.states(), "count": self.states()}
        self.workers = {"distinct": self.pipeline.worker(DistinctFold()), "count": self.pipeline.worker(CountFold())}
        self.zombies: list[FoldRunner] = []

    @rule(said=st.lists(st.tuples(PEOPLE, WORDS), min_size=1, max_size=6))
    def words_come(self, said: list[tuple[str, str]]) -> None:
        self.pipeline.append(*said)

    @rule(fold=FOLDS)
    def a_worker_takes_a_turn(self, fold: object) -> None:
        self._turn(self.workers[fold.name])

    @rule(fold=FOLDS, point=PLACES)
    def a_worker_dies(self, fold: object, point: str) -> None:
        dying = self.pipeline.worker(fold, at=point)
        try:
            dying.run_once(0)
            dying.run_once(0)
        except Crash:
            pass
        self.workers[fold.name] = self.pipeline.worker(fold)

    @rule(fold=FOLDS, point=PLACES, said=st.lists(st.tuples(PEOPLE, WORDS), max_size=3))
    def a_worker_stalls_while_another_goes_on(self, fold: object, point: str, said: list[tuple[str, str]]) -> None:
        other = self.workers[fold.name] = self.pipeline.worker(fold)
        stalled = self.pipeline.worker(fold, at=point, then=lambda: self._turns(other, said))
        self.zombies.append(stalled)
        self._turn(stalled)
        self._turn(stalled)

    @rule(fold=FOLDS, point=PLACES)
    def redis_is_wiped_amid_a_batch(self, fold: object, point: str) -> None:
        worker = self.workers[fold.name] = self.pipeline.worker(fold, at=point, then=self.redis_is_wiped)
        self._turn(worker)
        self._turn(worker)

    @rule(fold=FOLDS)
    def a_worker_becomes_a_zombie(self, fold: object) -> None:
        self.zombies.append(self.workers[fold.name])
        self.workers[fold.name] = self.pipeline.worker(fold)

    @rule()
    def a_zombie_takes_a_turn(self) -> None:
        for zombie in self.zombies:
            self._turn(zombie)

    @rule(fold=FOLDS)
    def its_states_are_wiped(self, fold: object) -> None:
        self.pipeline.states[fold.name].wipe()

    @rule()
    def redis_is_wiped(self) -> None:
        for states in self.pipeline.states.values():
            states.wipe()

    @rule(fold=FOLDS)
    def the_broker_is_away_for_a_turn(self, fold: object) -> None:
        self.pipeline.speaker.failing = True
        self._turn(self.workers[fold.name])
        self.pipeline.speaker.failing = False

    @rule(fold=FOLDS)
    def a_worker_stops_in_order(self, fold: object) -> None:
        self.workers[fold.name].close()
        self.workers[fold.name] = self.pipeline.worker(fold)

    def _turns(self, worker: FoldRunner, said: list[tuple[str, str]]) -> None:
        self.pipeline.append(*said)
        for one in (self.workers["distinct"], worker, self.workers["distinct"], worker):
            self._turn(one)

    def _turn(self, worker: FoldRunner) -> None:
        try:
            worker.run_once(0)
        except NotDurable:
            worker.reset()

    def teardown(self) -> None:
        self.pipeline.drain()
        assert self.pipeline.counts() == self.pipeline.expected_counts()


THOROUGH = settings(max_examples=300, stateful_step_count=20, suppress_health_check=list(HealthCheck))
TestFaults = Faults.TestCase
TestFaults.settings = THOROUGH


class FenceIgnored(MemoryStateStore):
    """A mutant: applies whatever the fence says."""

    def _apply(self, partition: int, change: StateChange) -> bool:
        change.expected_fence = self.fence.get(partition, b"")
        return super()._apply(partition, change)


class CauseIgnored(Decider):
    """A mutant: takes every line for news."""

    def decide(self, batch, loaded, known):  # noqa: ANN001, ANN201 - as in the original
        known.fence = Fence(known.fence.offset, {})
        return super().decide(batch, loaded, known)


class AppliedBeforeProduced(FoldRunner):
    """A mutant: writes the state first and speaks afterwards."""

    def _apply(self, outcomes):  # noqa: ANN001, ANN202 - as in the original
        self._reached("after_apply")
        self._held.produce(self._lines)
        return self._done

    def _fold(self, batches) -> None:  # noqa: ANN001 - as in the original
        original, self._producer, runner = self._producer, self, self
        self._held = original
        try:
            super()._fold(batches)
        finally:
            runner._producer = original

    def produce(self, lines) -> None:  # noqa: ANN001 - stands in for the producer
        self._lines = lines

    def _decide(self, batch, loaded):  # noqa: ANN001, ANN202 - as in the original
        outcome = super()._decide(batch, loaded)
        self._done = {**getattr(self, "_done", {}), **FoldRunner._apply(self, [outcome])}
        return outcome


@pytest.mark.parametrize(
    "mutation",
    [{"states": FenceIgnored}, {"decider": CauseIgnored}, {"runner": AppliedBeforeProduced}],
    ids=["fence ignored", "causes ignored", "applied before produced"],
)
def test_the_harness_catches_a_runner_without_one_of_its_parts(mutation: dict[str, type]) -> None:
    """The fault machine is worth something only if it fails when the fence, the causes or the order are taken away."""
    mutant = type("Mutant", (Faults,), mutation)
    find = settings(THOROUGH, max_examples=1000, phases=[Phase.generate], derandomize=True, print_blob=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(mutant, settings=find)


def test_a_poison_line_is_set_aside_with_its_bytes_and_the_rest_go_on() -> None:
    """R8: only the line itself is refused, by decoding or by deciding, and it is kept with its reason."""
    pipeline = WordPipeline()
    pipeline.append(("amy", "a"), ("amy", "poison"), ("amy", "b"))
    pipeline.log.append("words", 0, b'{"type":"word"\n\xff\xfe')
    pipeline.drain()
    letters = [msgspec.json.decode(raw) for raw in pipeline.log.lines("rejected")]
    assert pipeline.counts() == {"amy's friend": 2}
    assert sorted(letter["reason"] for letter in letters) == ["decision_failed", "unreadable", "unreadable"]


def test_a_flood_of_invalid_lines_stops_the_fold_before_it_applies_anything() -> None:
    """A producer that went mad must not fill the dead letters unseen; the fence stays where it was."""
    pipeline = WordPipeline()
    pipeline.append(*[("amy", "poison")] * 20)
    worker = pipeline.worker(DistinctFold(), limit=InvalidLimit(consecutive=10))
    with pytest.raises(TooManyInvalidLines, match="20 lines in a row"):
        for _ in range(3):
            worker.run_once(0)
    assert pipeline.states["distinct"].fence == {}
    assert pipeline.log.lines("rejected") == []


def test_without_a_limit_a_flood_is_set_aside_whole_and_the_fold_goes_on() -> None:
    """The way past a flood that nobody can mend: 0 in a row bounds nothing, and every line is kept with its reason."""
    pipeline = WordPipeline()
    pipeline.append(*[("amy", "poison")] * 20, ("amy", "a"))
    worker = pipeline.worker(DistinctFold(), limit=InvalidLimit(consecutive=0))
    for _ in range(3):
        worker.run_once(0)
    assert len(pipeline.log.lines("rejected")) == 20
    assert len(pipeline.log.lines("distinct")) == 1


@given(st.lists(st.lists(st.booleans(), max_size=12), max_size=8))
def test_invalid_lines_in_a_row_are_counted_line_by_line_across_batches(batches: list[list[bool]]) -> None:
    """Good lines between bad ones end a run, however lines were cut into batches; what is not noted does not count."""
    limit, seen = InvalidLimit(consecutive=5, window=10_000), ""
    for valid in batches:
        seen += "".join(".x"[not good] for good in valid)
        if "xxxxx" in seen:
            with pytest.raises(TooManyInvalidLines):
                limit.check(0, valid)
            return
        limit.check(0, valid)
        limit.record(0, limit.check(0, valid))


def test_a_batch_that_is_tried_again_is_counted_once() -> None:
    """The log is away for many rounds: the same bad lines, met again and again, are no flood."""
    pipeline = WordPipeline()
    pipeline.append(*[("amy", "poison")] * 4)
    pipeline.speaker.failing = True
    worker = pipeline.worker(DistinctFold(), limit=InvalidLimit(consecutive=6))
    for _ in range(4):
        with pytest.raises(NotDurable):
            for _ in range(2):
                worker.run_once(0)
        worker.reset()
    pipeline.speaker.failing = False
    for _ in range(2):
        worker.run_once(0)
    assert len(pipeline.log.lines("rejected")) == 4


def test_a_wipe_repeats_no_dead_letter() -> None:
    """What was set aside before the produced marker is there already."""
    pipeline = WordPipeline()
    pipeline.append(("amy", "poison"), ("amy", "a"))
    pipeline.drain()
    before = pipeline.log.lines("rejected")
    pipeline.states["distinct"].wipe()
    pipeline.drain()
    assert pipeline.log.lines("rejected") == before != []


def test_a_state_that_cannot_be_decided_when_it_falls_due_is_set_aside_and_the_others_ring() -> None:
    """One bad state must not stop time for a whole partition."""
    pipeline = WordPipeline()
    pipeline.append(("amy", "bell"), ("amy", "stuck"), ("amy", "b"), ("bo", "bell"))
    pipeline.tick(10)
    pipeline.tick(11)
    pipeline.drain()
    (letter,) = [msgspec.json.decode(raw) for raw in pipeline.log.lines("rejected")]
    assert (letter["reason"], "amy fell due" in letter["detail"]) == ("decision_failed", True)
    assert pipeline.counts() == {"amy's friend": 3, "bo's friend": 1, "bo": 1}


def test_what_waits_to_be_folded_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long absence a worker reads ahead a little, not the whole log: its memory does not grow with its backlog."""
    monkeypatch.setattr(runner, "_MAX_WAITING_BYTES", 200)
    monkeypatch.setattr(batch, "MAX_LINES", 1)
    monkeypatch.setattr(MemorySource, "max_poll_records", 3)
    pipeline = WordPipeline()
    worker = pipeline.worker(DistinctFold())
    worker.run_once(0)
    most = 0
    for number in range(200):
        pipeline.append(("amy", f"word {number}"))
        worker.run_once(0)
        pipeline.append(("amy", f"other {number}"))
        most = max(most, *(len(one.waiting) for one in worker.owned.values()))
    assert most < 10
    pipeline.drain()
    assert pipeline.counts() == pipeline.expected_counts()


def test_a_state_ahead_of_its_log_is_refused_by_name() -> None:
    """A Redis of another log, or a log that lost its tail: new records would stand below the fence and be passed over unseen."""
    pipeline = WordPipeline()
    pipeline.append(("amy", "a"), ("bo", "b"))
    pipeline.drain()
    pipeline.log.records.clear()
    with pytest.raises(LogBehindState, match="FLUSHDB"):
        pipeline.worker(DistinctFold()).run_once(0)


def test_a_tick_rings_what_is_due_once_and_goes_on_to_the_next_topic() -> None:
    """Timers fire from the log's own time: at the first tick at or after their moment, never twice."""
    pipeline = WordPipeline()
    pipeline.append(("amy", "bell"))
    for at_ms in (9, 10, 11):
        pipeline.tick(at_ms)
    pipeline.drain()
    told = [msgspec.json.decode(raw) for raw in pipeline.log.lines("distinct")]
    assert [line["occurred_at"] for line in told if line.get("word") == "rung"] == ["1970-01-01T00:00:00.010000Z"]
    assert sum(line["type"] == "clock.ticked" for line in told) == 6
    assert pipeline.counts() == {"amy's friend": 1, "amy": 1}


def test_after_a_wipe_nothing_below_the_produced_marker_is_said_again() -> None:
    """Refolding is silent up to what was already said, so a wipe does not double the log."""
    pipeline = WordPipeline()
    pipeline.append(("amy", "a"), ("bo", "b"))
    pipeline.drain()
    said = pipeline.log.lines("distinct")
    pipeline.states["distinct"].wipe()
    pipeline.drain()
    assert pipeline.log.lines("distinct") == said
    assert pipeline.counts() == pipeline.expected_counts()


def test_a_wipe_right_after_a_batch_makes_its_worker_say_nothing_twice() -> None:
    """The marker is committed once a second; what this worker said since then it knows without it."""
    pipeline = WordPipeline()
    worker = pipeline.worker(DistinctFold())
    worker.run_once(0)
    pipeline.append(("amy", "a"), ("bo", "b"))
    worker.run_once(0)
    said = pipeline.log.lines("distinct")
    pipeline.states["distinct"].wipe()
    worker._checked_at = 0.0
    for _ in range(3):
        worker.run_once(0)
    assert pipeline.log.lines("distinct") == said != []


def test_a_wipe_with_no_traffic_is_noticed_and_healed() -> None:
    """Once a second a worker compares its fences with the store, so that an empty Redis does not stay empty."""
    pipeline = WordPipeline()
    pipeline.append(("amy", "a"))
    worker = pipeline.worker(DistinctFold())
    for _ in range(3):
        worker.run_once(0)
    before = dict(pipeline.states["distinct"].values)
    pipeline.states["distinct"].wipe()
    worker._checked_at = 0.0
    for _ in range(3):
        worker.run_once(0)
    assert pipeline.states["distinct"].values == before != {}


def test_a_fence_round_trips_and_admits_only_causes_above_the_highest() -> None:
    """Rule 2: for each source partition, what is not above the highest applied cause is skipped."""
    fence = Fence(7)
    fence.advance(("events", 3, 5, 1, 0))
    fence = fences.decode(fences.encode(fence))
    assert not fence.admits(("events", 3, 5, 1, 0))
    assert not fence.admits(("events", 3, 4, 9, 9))
    assert fence.admits(("events", 3, 5, 1, 1))
    assert fence.admits(("events", 2, 0, 0, 0))
    assert fence.admits(("", 0, 0, 0, 0))
