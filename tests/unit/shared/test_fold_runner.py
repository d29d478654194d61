"""The fold runner on the in-memory log: exact under every fault it must survive, and failing if one of its parts is removed."""

from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from referral.events.timestamps import to_datetime
from referral.fold import batch, runner
from referral.fold import fence as fences
from referral.fold.decider import Decider
from referral.fold.failpoints import POINTS
from referral.fold.fence import Fence
from referral.fold.fold import Key
from referral.fold.invalid_limit import InvalidLimit, TooManyInvalidLines
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner, LogBehindState
from referral.fold.state_store import StateChange
from referral.log.errors import NotDurable
from referral.log.memory_log import MemorySource
from referral.log.records import split
from referral.topics import partition_of
from tests.support.examples import examples
from tests.support.scenarios.word_pipeline import (
    PARTITIONS,
    UNDECIDABLE,
    Crash,
    FirstUse,
    FirstUses,
    UseCounts,
    Word,
    WordPipeline,
)

PEOPLE = st.sampled_from(["amy", "bo", "chen"])
WORDS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
FOLDS = st.sampled_from([FirstUses(), UseCounts()])
# The in-memory log has no step during produce.
FAILPOINTS = st.sampled_from([point for point in POINTS if point != "during_produce"])


class Faults(RuleBasedStateMachine):
    """Any order of words, rounds, crashes, wipes, zombies and broker failures; a drain must then give the expected counts."""

    runner: type[FoldRunner] = FoldRunner
    decider: type[Decider] = Decider
    states: type[MemoryStateStore] = MemoryStateStore

    def __init__(self) -> None:
        super().__init__()
        self.pipeline = WordPipeline(self.runner, self.decider)
        self.pipeline.states = {"first_uses": self.states(), "use_counts": self.states()}
        self.workers = {
            "first_uses": self.pipeline.worker(FirstUses()),
            "use_counts": self.pipeline.worker(UseCounts()),
        }
        self.zombies: list[FoldRunner] = []

    @rule(words=st.lists(st.tuples(PEOPLE, WORDS), min_size=1, max_size=6))
    def words_are_appended(self, words: list[tuple[str, str]]) -> None:
        self.pipeline.append_words(*words)

    @rule(fold=FOLDS)
    def a_worker_runs_a_round(self, fold: object) -> None:
        self._turn(self.workers[fold.name])

    @rule(fold=FOLDS, point=FAILPOINTS)
    def a_worker_dies(self, fold: object, point: str) -> None:
        dying = self.pipeline.worker(fold, at=point)
        try:
            dying.run_once(0)
            dying.run_once(0)
        except Crash:
            pass
        self.workers[fold.name] = self.pipeline.worker(fold)

    @rule(fold=FOLDS, point=FAILPOINTS, words=st.lists(st.tuples(PEOPLE, WORDS), max_size=3))
    def a_worker_stalls_while_another_goes_on(self, fold: object, point: str, words: list[tuple[str, str]]) -> None:
        other = self.workers[fold.name] = self.pipeline.worker(fold)
        stalled = self.pipeline.worker(fold, at=point, then=lambda: self._turns(other, words))
        self.zombies.append(stalled)
        self._turn(stalled)
        self._turn(stalled)

    @rule(fold=FOLDS, point=FAILPOINTS)
    def redis_is_wiped_during_a_batch(self, fold: object, point: str) -> None:
        worker = self.workers[fold.name] = self.pipeline.worker(fold, at=point, then=self.redis_is_wiped)
        self._turn(worker)
        self._turn(worker)

    @rule(fold=FOLDS)
    def a_worker_becomes_a_zombie(self, fold: object) -> None:
        self.zombies.append(self.workers[fold.name])
        self.workers[fold.name] = self.pipeline.worker(fold)

    @rule()
    def every_zombie_runs_a_round(self) -> None:
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
    def the_broker_is_unavailable_for_a_round(self, fold: object) -> None:
        self.pipeline.producer.failing = True
        self._turn(self.workers[fold.name])
        self.pipeline.producer.failing = False

    @rule(fold=FOLDS)
    def a_worker_stops_gracefully(self, fold: object) -> None:
        self.workers[fold.name].close()
        self.workers[fold.name] = self.pipeline.worker(fold)

    def _turns(self, worker: FoldRunner, words: list[tuple[str, str]]) -> None:
        self.pipeline.append_words(*words)
        for one in (self.workers["first_uses"], worker, self.workers["first_uses"], worker):
            self._turn(one)

    def _turn(self, worker: FoldRunner) -> None:
        try:
            worker.run_once(0)
        except NotDurable:
            worker.reset()

    def teardown(self) -> None:
        self.pipeline.drain()
        assert self.pipeline.counts() == self.pipeline.expected_counts()


THOROUGH = settings(max_examples=examples(300), stateful_step_count=20, suppress_health_check=list(HealthCheck))
TestFaults = Faults.TestCase
TestFaults.settings = THOROUGH


class FenceIgnored(MemoryStateStore):
    """A mutant: applies without comparing the fence."""

    def _apply(self, partition: int, change: StateChange) -> bool:
        change.expected_fence = self.fence.get(partition, b"")
        return super()._apply(partition, change)


class CauseIgnored(Decider):
    """A mutant: treats every line as not applied yet."""

    def decide(self, batch, loaded, progress):  # noqa: ANN001, ANN201 - as in the original
        progress.fence = Fence(progress.fence.offset, {})
        return super().decide(batch, loaded, progress)


class AppliedBeforeProduced(FoldRunner):
    """A mutant: writes the state first and produces afterwards."""

    def _apply(self, outcomes):  # noqa: ANN001, ANN202 - as in the original
        self._failpoint("after_apply")
        self._held.produce(self._lines)
        return self._done

    def _fold(self, batches) -> None:  # noqa: ANN001 - as in the original
        original, self._producer, runner = self._producer, self, self
        self._held = original
        try:
            super()._fold(batches)
        finally:
            runner._producer = original

    def produce(self, lines) -> None:  # noqa: ANN001 - used as the producer
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
    """The fault machine proves something only if it fails without the fence, the causes or the order."""
    mutant = type("Mutant", (Faults,), mutation)
    find = settings(THOROUGH, max_examples=1000, phases=[Phase.generate], derandomize=True, print_blob=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(mutant, settings=find)


def test_an_undecidable_line_is_set_aside_with_its_bytes_and_the_others_go_on() -> None:
    """Only the line itself is rejected, whether it cannot be decoded or decided, and its dead letter has the reason."""
    pipeline = WordPipeline()
    pipeline.append_words(("amy", "a"), ("amy", "poison"), ("amy", "b"))
    pipeline.log.append("words", 0, b'{"type":"word"\n\xff\xfe')
    pipeline.drain()
    letters = pipeline.dead_letters()
    assert pipeline.counts() == {"amy's friend": 2}
    assert sorted(letter["reason"] for letter in letters) == ["decision_failed", "unreadable", "unreadable"]


def test_a_line_whose_keys_cannot_be_determined_is_set_aside_and_the_others_go_on() -> None:
    """Like a line that cannot be decided: its dead letter has its position, its bytes and the error."""
    pipeline = WordPipeline()
    pipeline.append_words(("amy", "a"), ("amy", "keyless"), ("amy", "b"))
    pipeline.drain()
    (letter,) = pipeline.dead_letters()
    position = {name: letter[name] for name in ("fold", "topic", "partition", "offset", "line", "reason", "detail")}
    assert position == {
        "fold": "first_uses",
        "topic": "words",
        "partition": partition_of("amy", PARTITIONS),
        "offset": 0,
        "line": 1,
        "reason": "decision_failed",
        "detail": "LookupError: keyless has no keys",
    }
    assert b64decode(letter["payload"]) == split(pipeline.log.records["words", position["partition"]][0].value)[1]
    assert pipeline.counts() == pipeline.expected_counts() == {"amy's friend": 2}


def test_lines_of_ignored_types_are_counted_but_not_decoded() -> None:
    """Not even one that could not be: the others of its record are folded at their own positions."""

    class Ignoring(UseCounts):
        ignored = (Word,)

    pipeline = WordPipeline()
    used = FirstUse(occurred_at=to_datetime(0), program="p", person="amy", word="a", cause=("words", 0, 7, 0, 0))
    damaged = b'{"type":"word","person":'
    pipeline.log.append("first_uses", 0, b"\n".join([damaged, msgspec.json.encode(used), damaged]))
    pipeline.log.append("first_uses", 0, damaged)
    worker = pipeline.worker(Ignoring())
    assert sum(worker.run_once(0) for _ in range(3)) == 4
    assert pipeline.counts() == {"amy": 1}
    assert pipeline.dead_letters() == []
    assert worker.owned[0].fence.offset == 1


def test_the_cause_of_a_line_without_keys_advances_the_fence() -> None:
    """Repeated after a crash, the line is skipped as an applied one is: no second dead letter, and nothing behind it is lost."""

    class Keyless(UseCounts):
        def keys(self, line: FirstUse) -> Sequence[Key]:
            if line.word == "b":
                raise KeyError(line.word)
            return super().keys(line)

    pipeline = WordPipeline()
    causes = [("words", 0, offset, 0, 0) for offset in range(3)]
    lines = [
        msgspec.json.encode(FirstUse(occurred_at=to_datetime(0), program="p", person="amy", word=word, cause=cause))
        for word, cause in zip("abc", causes, strict=True)
    ]
    for line in (lines[0], lines[1], lines[1], lines[0], lines[2], lines[1]):
        pipeline.log.append("first_uses", 0, line)
    worker = pipeline.worker(Keyless())
    for _ in range(4):
        worker.run_once(0)
    assert [(letter["offset"], letter["detail"]) for letter in pipeline.dead_letters()] == [(1, "KeyError: 'b'")]
    assert worker.owned[0].fence == Fence(5, {"words/0": (2, 0, 0)}, set_aside=1)
    assert pipeline.counts() == {"amy": 2}


@given(
    words=st.lists(st.lists(st.tuples(PEOPLE, WORDS | st.sampled_from(UNDECIDABLE)), max_size=8), max_size=6),
    max_lines=st.integers(1, 9),
    wiped_after=st.sets(st.integers(0, 5)),
    unavailable_after=st.sets(st.integers(0, 5)),
)
@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_undecidable_line_becomes_one_dead_letter_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    words: list[list[tuple[str, str]]],
    max_lines: int,
    wiped_after: set[int],
    unavailable_after: set[int],
) -> None:
    """However lines are cut into batches and repeated: the counts are those of the decidable words alone."""
    monkeypatch.setattr(batch, "MAX_LINES", max_lines)
    pipeline = WordPipeline()
    for number, appended in enumerate(words):
        pipeline.append_words(*appended)
        if number in unavailable_after:
            _run_while_unavailable(pipeline)
        pipeline.drain()
        if number in wiped_after:
            pipeline.states["first_uses"].wipe()
    pipeline.drain()
    undecidable = [line for record in words for line in record if line[1] in UNDECIDABLE]
    letters = [(one["person"], one["word"]) for one in map(_rejected_word, pipeline.dead_letters())]
    assert sorted(letters) == sorted(undecidable)
    assert pipeline.counts() == pipeline.expected_counts()


def _run_while_unavailable(pipeline: WordPipeline) -> None:
    """A worker decides on what there is and cannot produce it."""
    pipeline.producer.failing = True
    worker = pipeline.worker(FirstUses())
    with suppress(NotDurable):
        for _ in range(3):
            worker.run_once(0)
    pipeline.producer.failing = False


def _rejected_word(letter: dict[str, object]) -> dict[str, str]:
    return msgspec.json.decode(b64decode(letter["payload"]))


def test_a_flood_of_invalid_lines_stops_the_fold_before_it_applies_anything() -> None:
    """A defective producer must not fill the dead letters unnoticed; the fence does not move."""
    pipeline = WordPipeline()
    pipeline.append_words(*[("amy", "poison")] * 20)
    worker = pipeline.worker(FirstUses(), limit=InvalidLimit(consecutive=10))
    with pytest.raises(TooManyInvalidLines, match="20 consecutive lines"):
        for _ in range(3):
            worker.run_once(0)
    assert pipeline.states["first_uses"].fence == {}
    assert pipeline.log.lines("rejected") == []


def test_without_a_limit_every_invalid_line_is_set_aside_and_the_fold_goes_on() -> None:
    """The way past a flood that cannot be repaired: 0 sets no limit, and every line becomes a dead letter with its reason."""
    pipeline = WordPipeline()
    pipeline.append_words(*[("amy", "poison")] * 20, ("amy", "a"))
    worker = pipeline.worker(FirstUses(), limit=InvalidLimit(consecutive=0))
    for _ in range(3):
        worker.run_once(0)
    assert len(pipeline.log.lines("rejected")) == 20
    assert len(pipeline.log.lines("first_uses")) == 1


@given(st.lists(st.lists(st.booleans(), max_size=12), max_size=8))
def test_consecutive_invalid_lines_are_counted_line_by_line_across_batches(batches: list[list[bool]]) -> None:
    """A valid line ends a run, however the lines were cut into batches; a batch that is not recorded does not count."""
    limit, seen = InvalidLimit(consecutive=5, window=10_000), ""
    for valid in batches:
        seen += "".join(".x"[not good] for good in valid)
        if "xxxxx" in seen:
            with pytest.raises(TooManyInvalidLines):
                limit.check(0, valid)
            return
        limit.check(0, valid)
        limit.record(0, limit.check(0, valid))


def test_a_retried_batch_is_counted_once() -> None:
    """Kafka is unavailable for many rounds: the same invalid lines, decided again and again, are not a flood."""
    pipeline = WordPipeline()
    pipeline.append_words(*[("amy", "poison")] * 4)
    pipeline.producer.failing = True
    worker = pipeline.worker(FirstUses(), limit=InvalidLimit(consecutive=6))
    for _ in range(4):
        with pytest.raises(NotDurable):
            for _ in range(2):
                worker.run_once(0)
        worker.reset()
    pipeline.producer.failing = False
    for _ in range(2):
        worker.run_once(0)
    assert len(pipeline.log.lines("rejected")) == 4


def test_a_wipe_repeats_no_dead_letter() -> None:
    """Dead letters of records below the produced marker are on the log already."""
    pipeline = WordPipeline()
    pipeline.append_words(("amy", "poison"), ("amy", "a"))
    pipeline.drain()
    before = pipeline.log.lines("rejected")
    pipeline.states["first_uses"].wipe()
    pipeline.drain()
    assert pipeline.log.lines("rejected") == before != []


def test_a_due_state_that_cannot_be_decided_is_set_aside_and_the_other_timers_fire() -> None:
    """One bad state must not stop the timers of a whole partition."""
    pipeline = WordPipeline()
    pipeline.append_words(("amy", "bell"), ("amy", "stuck"), ("amy", "b"), ("bo", "bell"))
    pipeline.append_tick(10)
    pipeline.append_tick(11)
    pipeline.drain()
    (letter,) = pipeline.dead_letters()
    assert (letter["reason"], "timer of the state amy" in letter["detail"]) == ("decision_failed", True)
    assert pipeline.counts() == {"amy's friend": 3, "bo's friend": 1, "bo": 1}


def test_the_records_read_ahead_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long outage a worker reads ahead a little, not the whole log: its memory does not grow with its lag."""
    monkeypatch.setattr(runner, "_MAX_WAITING_BYTES", 200)
    monkeypatch.setattr(batch, "MAX_LINES", 1)
    monkeypatch.setattr(MemorySource, "max_poll_records", 3)
    pipeline = WordPipeline()
    worker = pipeline.worker(FirstUses())
    worker.run_once(0)
    most = 0
    for number in range(200):
        pipeline.append_words(("amy", f"word {number}"))
        worker.run_once(0)
        pipeline.append_words(("amy", f"other {number}"))
        most = max(most, *(len(one.waiting) for one in worker.owned.values()))
    assert most < 10
    pipeline.drain()
    assert pipeline.counts() == pipeline.expected_counts()


def test_a_state_ahead_of_its_log_is_refused_with_the_remedy() -> None:
    """The Redis of another log, or a log that lost its tail: new records below the fence would be skipped silently."""
    pipeline = WordPipeline()
    pipeline.append_words(("amy", "a"), ("bo", "b"))
    pipeline.drain()
    pipeline.log.records.clear()
    with pytest.raises(LogBehindState, match="FLUSHDB"):
        pipeline.worker(FirstUses()).run_once(0)


def test_a_tick_fires_due_timers_once_and_is_forwarded_to_the_next_topic() -> None:
    """Timers follow the log's own time: they fire at the first tick at or after their time, never twice."""
    pipeline = WordPipeline()
    pipeline.append_words(("amy", "bell"))
    for at_ms in (9, 10, 11):
        pipeline.append_tick(at_ms)
    pipeline.drain()
    lines = [msgspec.json.decode(raw) for raw in pipeline.log.lines("first_uses")]
    assert [line["occurred_at"] for line in lines if line.get("word") == "rung"] == ["1970-01-01T00:00:00.010000Z"]
    assert sum(line["type"] == "clock.ticked" for line in lines) == 6
    assert pipeline.counts() == {"amy's friend": 1, "amy": 1}


def test_after_a_wipe_nothing_below_the_produced_marker_is_produced_again() -> None:
    """Folding again produces nothing that was produced before, so a wipe does not double the log."""
    pipeline = WordPipeline()
    pipeline.append_words(("amy", "a"), ("bo", "b"))
    pipeline.drain()
    produced = pipeline.log.lines("first_uses")
    pipeline.states["first_uses"].wipe()
    pipeline.drain()
    assert pipeline.log.lines("first_uses") == produced
    assert pipeline.counts() == pipeline.expected_counts()


def test_a_wipe_right_after_a_batch_makes_its_worker_produce_nothing_twice() -> None:
    """The marker is committed once a second; a worker remembers what it has produced since then."""
    pipeline = WordPipeline()
    worker = pipeline.worker(FirstUses())
    worker.run_once(0)
    pipeline.append_words(("amy", "a"), ("bo", "b"))
    worker.run_once(0)
    produced = pipeline.log.lines("first_uses")
    pipeline.states["first_uses"].wipe()
    worker._checked_at = 0.0
    for _ in range(3):
        worker.run_once(0)
    assert pipeline.log.lines("first_uses") == produced != []


def test_a_wipe_without_traffic_is_detected_and_repaired() -> None:
    """Once a second a worker compares its fences with the store, so that an empty Redis does not stay empty."""
    pipeline = WordPipeline()
    pipeline.append_words(("amy", "a"))
    worker = pipeline.worker(FirstUses())
    for _ in range(3):
        worker.run_once(0)
    before = dict(pipeline.states["first_uses"].values)
    pipeline.states["first_uses"].wipe()
    worker._checked_at = 0.0
    for _ in range(3):
        worker.run_once(0)
    assert pipeline.states["first_uses"].values == before != {}


def test_a_fence_round_trips_and_takes_only_causes_above_the_highest() -> None:
    """For each source partition, a cause that is not above the highest applied one is skipped."""
    fence = Fence(7)
    assert fence.take(("events", 3, 5, 1, 0))
    fence = fences.decode(fences.encode(fence))
    assert not fence.take(("events", 3, 5, 1, 0))
    assert not fence.take(("events", 3, 4, 9, 9))
    assert fence.take(("events", 3, 5, 1, 1))
    assert fence.take(("events", 2, 0, 0, 0))
    assert fence.take(("", 0, 0, 0, 0))
