"""Reads the log for one explanation, within bounds: a line at its place, what a line led to, what became of a thing.

What a fold derives carries its cause, and the lines that one partition caused stand in the order of their causes. So what a
line led to is looked for from the moment it was recorded, and once a later cause of the same partition is met, there is no more.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

import msgspec

from conversion_tracker.explain.log_positions import LogLine, LogPosition, MissingStep, TraceStep
from referral.log.log_reader import LogReader
from referral.log.records import split
from referral.log.source import Record
from referral.topics import TOPICS, Topic

_CLOCK_SKEW_MS = 10_000
"""How far the clocks of two processes may be apart."""
_WRITE_DELAY_MS = 60_000
"""What one line led to is written at once; only a crash amid it lets a part come later."""


class ReadLimitReached(Exception):
    """The bounds are reached before the step was found."""


@dataclass(slots=True)
class ReadLimits:
    """How much may be read for one answer, and of that for one step (`look`); `now` counts seconds."""

    records: int = 20_000
    records_per_step: int = 5_000
    seconds: float = 6.0
    now: Callable[[], float] = time.monotonic
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = self.now() + self.seconds

    def count_record(self, number: int) -> None:
        """One record more, with its number within the step. Raises TooFar."""
        self.records -= 1
        if number > self.records_per_step or self.records < 0 or self.now() > self._deadline:
            raise ReadLimitReached


class TraceReader:
    """The log as one explanation reads it. Each method raises LogAway where the log does not answer."""

    def __init__(self, lookup: LogReader, bounds: ReadLimits) -> None:
        self._log = lookup
        self._limits = bounds
        self._records: dict[tuple[str, int, int], Record | None] = {}
        self.missing: list[MissingStep] = []

    def step_at(self, place: LogPosition) -> TraceStep | None:
        """The line at a place; None where the log does not have it, or not as anything that is known."""
        key = place[:3]
        if key not in self._records:
            self._records[key] = self._log.record_at(TOPICS[place.topic], place.partition, place.offset)
        record = self._records[key]
        steps = _decode_record(TOPICS[place.topic], place.partition, record) if record else ()
        return next((step for step in steps if step.position == place), None)

    def steps_caused_by(self, cause: TraceStep, topic: Topic, partition: int) -> list[TraceStep]:
        """The lines of a partition that one line led to, each once."""
        found: dict[object, TraceStep] = {}
        latest = cause.recorded_at_ms
        try:
            for step in self._steps_since(topic, partition, cause.recorded_at_ms):
                if found and step.recorded_at_ms > latest + _WRITE_DELAY_MS:
                    break
                its = step.cause
                if its is None or its[:2] != cause.position[:2]:
                    continue
                if its > cause.position:
                    break
                if its == cause.position:
                    found.setdefault(step.identity, step)
                    latest = step.recorded_at_ms
        except ReadLimitReached:
            self._add_limit_reached(f"what {cause.type} led to", topic, partition, cause.recorded_at_ms)
        return list(found.values())

    def find_steps(
        self,
        topic: Topic,
        partition: int,
        since_ms: int,
        matches: Callable[[LogLine], bool],
        is_last: Callable[[TraceStep], bool],
    ) -> list[TraceStep]:
        """The lines that are wanted, from a moment on, up to and including the first that is enough."""
        found: list[TraceStep] = []
        try:
            for step in self._steps_since(topic, partition, since_ms):
                if matches(step.line):
                    found.append(step)
                    if is_last(step):
                        break
        except ReadLimitReached:
            self._add_limit_reached("what became of it later", topic, partition, since_ms)
        return found

    def add_missing(self, step: str, detail: str) -> None:
        """Notes that a step was not found; the same one once."""
        if (note := MissingStep(step, detail)) not in self.missing:
            self.missing.append(note)

    def _steps_since(self, topic: Topic, partition: int, moment_ms: int) -> Iterator[TraceStep]:
        for number, record in enumerate(self._log.records_since(topic, partition, moment_ms - _CLOCK_SKEW_MS), 1):
            self._limits.count_record(number)
            yield from _decode_record(topic, partition, record)

    def _add_limit_reached(self, what: str, topic: Topic, partition: int, since_ms: int) -> None:
        self.add_missing(
            what,
            f"It was not found within the records that one answer may read. Read partition {partition} of `{topic.name}` from"
            f" {since_ms} on (ms since the epoch), e.g. kcat -C -t PREFIX{topic.name} -p {partition} -o s@{since_ms}.",
        )


@cache
def _decoder(topic: Topic) -> Callable[[bytes], LogLine]:
    decode: Callable[[bytes], LogLine] = msgspec.json.Decoder(topic.lines).decode
    return decode


def _decode_record(topic: Topic, partition: int, record: Record) -> Iterator[TraceStep]:
    """The lines of a record that can be read, in order."""
    decode = _decoder(topic)
    for number, raw in enumerate(split(record.value)):
        try:
            line = decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        yield TraceStep(LogPosition(topic.name, partition, record.offset, number), record.recorded_at_ms, line)
