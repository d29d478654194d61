"""A fold in memory: the same outputs, states and dead letters as a worker on the log, however its lines are divided."""

from collections.abc import Iterable, Mapping

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.events.timestamps import to_datetime
from referral.fold.fold import Position
from referral.fold.in_memory import InMemoryFold, ProducedLine
from referral.log.records import split
from tests.support.scenarios.word_pipeline import (
    FIRST_USES,
    PARTITIONS,
    WORDS,
    FirstUse,
    FirstUses,
    UseCounts,
    Word,
    WordPipeline,
)

PEOPLE = st.sampled_from(["amy", "bo", "chen"])
SPOKEN = st.tuples(PEOPLE, st.sampled_from(["a", "b", "c", "bell", "stuck", "poison", "keyless"]))
TICKS = st.sampled_from([5, 10, 15, 20])
STEPS = st.lists(st.lists(SPOKEN, min_size=1, max_size=4) | TICKS, max_size=12)
Lines = list[tuple[Position, Word | FirstUse | ClockTicked]]


def _on_the_log(steps: list[list[tuple[str, str]] | int]) -> WordPipeline:
    pipeline = WordPipeline()
    for step in steps:
        if isinstance(step, int):
            pipeline.append_tick(step)
        else:
            pipeline.append_words(*step)
    pipeline.drain()
    return pipeline


def _lines(pipeline: WordPipeline, topic: str, partition: int, kinds: object) -> Lines:
    return [
        (Position(partition, record.offset, number, record.recorded_at_ms), msgspec.json.decode(raw, type=kinds))
        for record in pipeline.log.records[topic, partition]
        for number, raw in enumerate(split(record.value))
    ]


def _fold_words(fold: InMemoryFold, pipeline: WordPipeline, size: int) -> list[ProducedLine]:
    """What the fold produces of the words, given `size` lines at a time."""
    produced: list[ProducedLine] = []
    for partition in range(PARTITIONS):
        lines = _lines(pipeline, WORDS.name, partition, WORDS.lines)
        for first in range(0, len(lines), size):
            produced += fold.fold(partition, lines[first : first + size])
    return produced


def _present(by_partition: Mapping[int, Mapping]) -> dict[int, Mapping]:
    return {partition: states for partition, states in by_partition.items() if states}


def _sorted(lines: Iterable[ProducedLine]) -> list[ProducedLine]:
    return sorted(lines, key=lambda one: (one.partition, one.line.cause))


@given(STEPS, st.integers(1, 20))
def test_it_produces_and_keeps_what_a_worker_does(steps: list[list[tuple[str, str]] | int], size: int) -> None:
    """Words, timers, undecidable lines and timers; only forwarded ticks are left out, and payloads of dead letters."""
    pipeline = _on_the_log(steps)
    fold = InMemoryFold(FirstUses(), Catalog(), PARTITIONS)
    produced = _fold_words(fold, pipeline, size)
    recorded = [
        ProducedLine(FIRST_USES.name, partition, line)
        for partition in range(PARTITIONS)
        for _, line in _lines(pipeline, FIRST_USES.name, partition, FIRST_USES.lines)
        if not isinstance(line, ClockTicked)
    ]
    live = pipeline.states["first_uses"]
    assert _sorted(produced) == _sorted(recorded)
    assert _present(fold.states.values) == _present(live.values)
    assert _present(fold.states.scores) == _present(live.scores)
    ours = sorted((one.partition, one.offset, one.line, one.detail) for one in fold.dead_letters)
    theirs = [(one["partition"], one["offset"], one.get("line", 0), one["detail"]) for one in pipeline.dead_letters()]
    assert ours == sorted(theirs)


@given(STEPS)
def test_a_line_whose_cause_was_folded_before_is_skipped(steps: list[list[tuple[str, str]] | int]) -> None:
    """As after a crash, when a record was produced twice."""
    pipeline = _on_the_log(steps)
    fold = InMemoryFold(UseCounts(), Catalog(), PARTITIONS)
    for partition in range(PARTITIONS):
        lines = _lines(pipeline, FIRST_USES.name, partition, FIRST_USES.lines)
        fold.fold(partition, lines)
        fold.fold(partition, lines)
    assert _present(fold.states.values) == _present(pipeline.states["use_counts"].values)


def test_states_are_found_by_key_and_by_prefix() -> None:
    """Decoded; None if there is none."""
    fold = InMemoryFold(FirstUses(), Catalog(), PARTITIONS)
    words = [Word(occurred_at=to_datetime(0), person=person, word="a") for person in ("amy", "ann", "bo")]
    fold.fold(1, [(Position(1, 0, number, 0), word) for number, word in enumerate(words)])
    assert fold.state(1, "amy") == {"a": 1}
    assert fold.state(0, "amy") is None
    assert list(fold.states_of("a")) == [{"a": 1}, {"a": 1}]
