"""The lines of one program in recorded records, and the clock ticks."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from referral.events.line import ClockTicked, Derived
from referral.fold.fence import Fence
from referral.fold.fold import Position
from referral.log.records import split
from referral.log.source import Record
from referral.topics import Topic

Line = TypeVar("Line")
_TICK = b'"clock.ticked"'


class ProgramLines(Generic[Line]):
    """Reads the records of a topic for one program. Undecodable lines are skipped, since the folds set them aside."""

    def __init__(self, topic: Topic, program: str) -> None:
        self._decode = msgspec.json.Decoder(topic.lines).decode
        self._program = program
        self._program_bytes = program.encode()

    def read(self, partition: int, records: Iterable[Record]) -> Iterator[tuple[Position, Line | ClockTicked]]:
        """Yields the lines with their positions. A line of another program is not decoded if it does not contain the id."""
        for record in records:
            for number, raw in enumerate(split(record.value)):
                if not (self._program_bytes in raw or b"\\" in raw or _TICK in raw):
                    continue
                try:
                    line = self._decode(raw)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    continue
                if isinstance(line, ClockTicked) or line.program == self._program:
                    yield Position(partition, record.offset, number, record.recorded_at_ms), line


def without_repeats(lines: Iterable[tuple[Position, Line]], fence: Fence) -> Iterator[tuple[Position, Line]]:
    """Yields the output lines of a partition without those repeated after a crash. `fence` is updated, for the next call."""
    for position, line in lines:
        if not isinstance(line, Derived | ClockTicked) or fence.take(line.cause):
            yield position, line
