"""Reads the log for one explanation, within bounds: a line at its place, what a line led to, what became of a thing.

What a fold derives carries its cause, and the lines that one partition caused stand in the order of their causes. So what a
line led to is looked for from the moment it was recorded, and once a later cause of the same partition is met, there is no more.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

import msgspec

from conversion_tracker.explain.log_positions import LogLine, Missing, Place, Step
from referral.log.log_reader import LogReader
from referral.log.records import split
from referral.log.source import Record
from referral.topics import TOPICS, Topic

_SKEW_MS = 10_000
"""How far the clocks of two processes may be apart."""
_TOGETHER_MS = 60_000
"""What one line led to is written at once; only a crash amid it lets a part come later."""


class TooFar(Exception):
    """The bounds are reached before the step was found."""


@dataclass(slots=True)
class Bounds:
    """How much may be read for one answer, and of that for one step (`look`); `now` counts seconds."""

    records: int = 20_000
    look: int = 5_000
    seconds: float = 6.0
    now: Callable[[], float] = time.monotonic
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self._until = self.now() + self.seconds

    def spend(self, number: int) -> None:
        """One record more, with its number within the step. Raises TooFar."""
        self.records -= 1
        if number > self.look or self.records < 0 or self.now() > self._until:
            raise TooFar


class Reading:
    """The log as one explanation reads it. Each method raises LogAway where the log does not answer."""

    def __init__(self, lookup: LogReader, bounds: Bounds) -> None:
        self._lookup = lookup
        self._bounds = bounds
        self._records: dict[tuple[str, int, int], Record | None] = {}
        self.missing: list[Missing] = []

    def at(self, place: Place) -> Step | None:
        """The line at a place; None where the log does not have it, or not as anything that is known."""
        key = place[:3]
        if key not in self._records:
            self._records[key] = self._lookup.record_at(TOPICS[place.topic], place.partition, place.offset)
        record = self._records[key]
        steps = _steps(TOPICS[place.topic], place.partition, record) if record else ()
        return next((step for step in steps if step.place == place), None)

    def led_to(self, cause: Step, topic: Topic, partition: int) -> list[Step]:
        """The lines of a partition that one line led to, each once."""
        found: dict[object, Step] = {}
        latest = cause.recorded_at_ms
        try:
            for step in self._since(topic, partition, cause.recorded_at_ms):
                if found and step.recorded_at_ms > latest + _TOGETHER_MS:
                    break
                its = step.cause
                if its is None or its[:2] != cause.place[:2]:
                    continue
                if its > cause.place:
                    break
                if its == cause.place:
                    found.setdefault(step.saying, step)
                    latest = step.recorded_at_ms
        except TooFar:
            self._too_far(f"what {cause.type} led to", topic, partition, cause.recorded_at_ms)
        return list(found.values())

    def about(
        self,
        topic: Topic,
        partition: int,
        since_ms: int,
        wanted: Callable[[LogLine], bool],
        enough: Callable[[Step], bool],
    ) -> list[Step]:
        """The lines that are wanted, from a moment on, up to and including the first that is enough."""
        found: list[Step] = []
        try:
            for step in self._since(topic, partition, since_ms):
                if wanted(step.line):
                    found.append(step)
                    if enough(step):
                        break
        except TooFar:
            self._too_far("what became of it later", topic, partition, since_ms)
        return found

    def lacks(self, step: str, detail: str) -> None:
        """Notes that a step was not found; the same one once."""
        if (note := Missing(step, detail)) not in self.missing:
            self.missing.append(note)

    def _since(self, topic: Topic, partition: int, moment_ms: int) -> Iterator[Step]:
        for number, record in enumerate(self._lookup.records_since(topic, partition, moment_ms - _SKEW_MS), 1):
            self._bounds.spend(number)
            yield from _steps(topic, partition, record)

    def _too_far(self, what: str, topic: Topic, partition: int, since_ms: int) -> None:
        self.lacks(
            what,
            f"It was not found within the records that one answer may read. Read partition {partition} of `{topic.name}` from"
            f" {since_ms} on (ms since the epoch), e.g. kcat -C -t PREFIX{topic.name} -p {partition} -o s@{since_ms}.",
        )


@cache
def _decoder(topic: Topic) -> Callable[[bytes], LogLine]:
    decode: Callable[[bytes], LogLine] = msgspec.json.Decoder(topic.lines).decode
    return decode


def _steps(topic: Topic, partition: int, record: Record) -> Iterator[Step]:
    """The lines of a record that can be read, in order."""
    decode = _decoder(topic)
    for number, raw in enumerate(split(record.value)):
        try:
            line = decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        yield Step(Place(topic.name, partition, record.offset, number), record.recorded_at_ms, line)
