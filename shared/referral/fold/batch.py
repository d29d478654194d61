"""A batch: records of one partition, decoded line by line, up to the next clock tick."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from referral.events.line import ClockTicked, type_tag
from referral.events.rejected import LineRejected, LineRetried, RejectionReason
from referral.events.timestamps import to_datetime
from referral.fold.fold import Position
from referral.log.records import split
from referral.log.source import Record

MAX_LINES = 2000
MAX_BYTES = 512 * 1024  # a line of an upload needs 500 states: more would keep Redis busy for too long
_SPECIAL = ClockTicked, LineRetried

Line = TypeVar("Line")


@dataclass(slots=True)
class Batch(Generic[Line]):
    """Lines to fold together. A tick is a batch by itself: which timers are due depends on every line before it."""

    partition: int
    last_offset: int
    recorded_at_ms: int
    lines: list[tuple[Position, Line, bytes]] = field(default_factory=list)
    rejected: list[LineRejected] = field(default_factory=list)  # undecodable
    keys_errors: dict[Position, Exception] = field(default_factory=dict)  # of lines without keys
    retried: dict[Position, LineRetried] = field(default_factory=dict)  # of `lines`, those that were set aside before
    retried_timers: list[tuple[Position, LineRetried]] = field(default_factory=list)
    tick: tuple[Position, ClockTicked] | None = None
    ignored: int = 0  # lines of types that the fold ignores


class BatchReader(Generic[Line]):
    """Takes records from a queue and decodes them into batches, without the lines of `ignored` types."""

    def __init__(self, fold: str, topic: str, lines: object, ignored: Sequence[type[msgspec.Struct]] = ()) -> None:
        self._fold = fold
        self._ignored = tuple(_first_bytes(kind) for kind in ignored)
        self._topic = topic
        self._decode: Callable[[bytes], Line | ClockTicked | LineRetried] = msgspec.json.Decoder(
            lines | LineRetried
        ).decode

    def take(self, partition: int, waiting: deque[Record]) -> Batch[Line]:
        """The next batch of a partition; removes its records from `waiting`, which must not be empty."""
        batch: Batch[Line] = Batch(partition, waiting[0].offset, waiting[0].recorded_at_ms)
        size = 0
        while waiting and len(batch.lines) < MAX_LINES and size < MAX_BYTES:
            if _is_tick(waiting[0].value) and (batch.lines or batch.rejected or batch.retried_timers):
                break
            record = waiting.popleft()
            size += len(record.value)
            batch.last_offset, batch.recorded_at_ms = record.offset, record.recorded_at_ms
            self._read(record, batch)
            if batch.tick:
                break
        return batch

    def _read(self, record: Record, batch: Batch[Line]) -> None:
        partition, offset, recorded_at_ms, lines = batch.partition, record.offset, record.recorded_at_ms, batch.lines
        decode, ignored = self._decode, self._ignored
        for number, raw in enumerate(split(record.value)):
            if raw.startswith(ignored):
                batch.ignored += 1
                continue
            position = Position(partition, offset, number, recorded_at_ms)
            try:
                line = decode(raw)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                batch.rejected.append(self.rejection(position, raw, "unreadable", str(error)))
                continue
            if not isinstance(line, _SPECIAL):
                lines.append((position, line, raw))
            elif isinstance(line, ClockTicked):
                batch.tick = position, line
            else:
                self._read_retried(position, line, batch)

    def _read_retried(self, position: Position, retried: LineRetried, batch: Batch[Line]) -> None:
        """Adds the line that is retried; the lines of other folds are passed over."""
        if retried.fold != self._fold:
            return
        if retried.timer:
            batch.retried_timers.append((position, retried))
            return
        try:
            line = self._decode(retried.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            batch.rejected.append(self.rejection(position, retried.payload, "unreadable", str(error)))
            return
        if not isinstance(line, ClockTicked | LineRetried):
            batch.retried[position] = retried
            batch.lines.append((position, line, retried.payload))

    def rejection(
        self,
        position: Position,
        raw: bytes,
        reason: RejectionReason,
        detail: str,
        program: str = "",
        timer: str = "",
    ) -> LineRejected:
        """The dead letter of a line, or of a due state (`timer`)."""
        return LineRejected(
            occurred_at=to_datetime(position.recorded_at_ms),
            fold=self._fold,
            topic=self._topic,
            partition=position.partition,
            offset=position.offset,
            line=position.line,
            reason=reason,
            detail=detail,
            payload=raw,
            program=program,
            timer=timer,
        )


def _is_tick(value: bytes) -> bool:
    """Whether a record is a clock tick, without decoding it: a tick has a record to itself, and its type comes first."""
    return value.startswith(_TICK)


def _first_bytes(kind: type[msgspec.Struct]) -> bytes:
    """What the lines of a type begin with: the type comes first."""
    return b'{"type":"' + type_tag(kind).encode() + b'"'


_TICK = _first_bytes(ClockTicked)
