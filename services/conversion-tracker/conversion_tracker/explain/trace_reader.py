"""Reads the log for one explanation, within limits: a line by position, the lines that one caused, the later lines about an id.

Derived lines carry their cause, and within a partition, lines caused by one input partition are in the order of their causes. So
the search for what a line caused starts at the time it was recorded, and ends at the first line with a later cause from the same
partition.
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
"""Maximum difference between the clocks of two processes."""
_WRITE_DELAY_MS = 60_000
"""The lines that one line causes are written at once; only a crash in between delays some of them."""


class ReadLimitReached(Exception):
    """The limits were reached before the step was found."""


@dataclass(slots=True)
class ReadLimits:
    """How many records one explanation may read in total and for each step, and for how long; `now` returns seconds."""

    records: int = 20_000
    records_per_step: int = 5_000
    seconds: float = 6.0
    now: Callable[[], float] = time.monotonic
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = self.now() + self.seconds

    def count_record(self, number: int) -> None:
        """Counts one more record, the `number`th of the step. Raises ReadLimitReached."""
        self.records -= 1
        if number > self.records_per_step or self.records < 0 or self.now() > self._deadline:
            raise ReadLimitReached


class TraceReader:
    """The log as one explanation reads it. Each method raises LogUnavailable if Kafka does not answer."""

    def __init__(self, log: LogReader, limits: ReadLimits) -> None:
        self._log = log
        self._limits = limits
        self._records: dict[tuple[str, int, int], Record | None] = {}
        self.missing: list[MissingStep] = []

    def step_at(self, position: LogPosition) -> TraceStep | None:
        """The line at a position; None if the log does not have it, or if it cannot be decoded."""
        key = position[:3]
        if key not in self._records:
            self._records[key] = self._log.record_at(TOPICS[position.topic], position.partition, position.offset)
        record = self._records[key]
        steps = _decode_record(TOPICS[position.topic], position.partition, record) if record else ()
        return next((step for step in steps if step.position == position), None)

    def steps_caused_by(self, cause: TraceStep, topic: Topic, partition: int) -> list[TraceStep]:
        """The lines of a partition that one line caused, without copies."""
        found: dict[object, TraceStep] = {}
        latest = cause.recorded_at_ms
        try:
            for step in self._steps_since(topic, partition, cause.recorded_at_ms):
                if found and step.recorded_at_ms > latest + _WRITE_DELAY_MS:
                    break
                step_cause = step.cause
                if step_cause is None or step_cause[:2] != cause.position[:2]:
                    continue
                if step_cause > cause.position:
                    break
                if step_cause == cause.position:
                    found.setdefault(step.identity, step)
                    latest = step.recorded_at_ms
        except ReadLimitReached:
            self._add_limit_reached(f"the lines caused by {cause.type}", topic, partition, cause.recorded_at_ms)
        return list(found.values())

    def find_steps(
        self,
        topic: Topic,
        partition: int,
        since_ms: int,
        matches: Callable[[LogLine], bool],
        is_last: Callable[[TraceStep], bool],
    ) -> list[TraceStep]:
        """The lines that match, from a time on, up to and including the first for which `is_last` is true."""
        found: list[TraceStep] = []
        try:
            for step in self._steps_since(topic, partition, since_ms):
                if matches(step.line):
                    found.append(step)
                    if is_last(step):
                        break
        except ReadLimitReached:
            self._add_limit_reached("later lines", topic, partition, since_ms)
        return found

    def add_missing(self, step: str, detail: str) -> None:
        """Adds a step that was not found to `missing`, once."""
        if (missing := MissingStep(step, detail)) not in self.missing:
            self.missing.append(missing)

    def _steps_since(self, topic: Topic, partition: int, since_ms: int) -> Iterator[TraceStep]:
        for number, record in enumerate(self._log.records_since(topic, partition, since_ms - _CLOCK_SKEW_MS), 1):
            self._limits.count_record(number)
            yield from _decode_record(topic, partition, record)

    def _add_limit_reached(self, step: str, topic: Topic, partition: int, since_ms: int) -> None:
        self.add_missing(
            step,
            f"Not found within the records that one explanation may read. Read partition {partition} of `{topic.name}` from"
            f" {since_ms} on (ms since the epoch), e.g. kcat -C -t PREFIX{topic.name} -p {partition} -o s@{since_ms}.",
        )


@cache
def _decoder(topic: Topic) -> Callable[[bytes], LogLine]:
    decode: Callable[[bytes], LogLine] = msgspec.json.Decoder(topic.lines).decode
    return decode


def _decode_record(topic: Topic, partition: int, record: Record) -> Iterator[TraceStep]:
    """The lines of a record, in order; lines that cannot be decoded are skipped."""
    decode = _decoder(topic)
    for number, raw in enumerate(split(record.value)):
        try:
            line = decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        yield TraceStep(LogPosition(topic.name, partition, record.offset, number), record.recorded_at_ms, line)
