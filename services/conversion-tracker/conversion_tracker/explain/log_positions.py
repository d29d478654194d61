"""Steps of a trace: lines of the log with their positions, and steps that were not found."""

from typing import NamedTuple

from referral.events.attributions import AttributionLine
from referral.events.conversions import ConversionLine
from referral.events.facts import EventLine
from referral.events.line import Cause, type_tag
from referral.events.rewards import RewardLine

LogLine = EventLine | AttributionLine | ConversionLine | RewardLine


class LogPosition(NamedTuple):
    """The position of a line: topic (without prefix), partition, offset of its record, and number in the record, from 0."""

    topic: str
    partition: int
    offset: int
    line: int


class TraceStep(NamedTuple):
    """A line of the log, its position, and when its record was appended (ms)."""

    position: LogPosition
    recorded_at_ms: int
    line: LogLine

    @property
    def type(self) -> str:
        """The line's type, e.g. `referral.qualified`."""
        return type_tag(self.line)

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for two copies of a line, which a crash of a fold can leave on the log."""
        return getattr(self.line, "cause", None) or self.position

    @property
    def cause(self) -> LogPosition | None:
        """The position of the line that caused this one; None for an event."""
        cause: Cause | None = getattr(self.line, "cause", None)
        return LogPosition(*cause[:4]) if cause and cause[0] else None


class MissingStep(NamedTuple):
    """A step that was not found: what it is, why it was not found, and what to do about it."""

    step: str
    detail: str


def is_about(line: object, id: str) -> bool:
    """Whether the line has this `id`."""
    return getattr(line, "id", None) == id
