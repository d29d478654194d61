"""Places on the log, what stands there, and what was looked for and not found."""

from typing import NamedTuple

from referral.events.attributions import AttributionLine
from referral.events.conversions import ConversionLine
from referral.events.facts import EventLine
from referral.events.line import Cause, type_tag
from referral.events.rewards import RewardLine

LogLine = EventLine | AttributionLine | ConversionLine | RewardLine


class LogPosition(NamedTuple):
    """Where a line stands: topic (short name), partition, offset of its record, number in the record (0 is the first)."""

    topic: str
    partition: int
    offset: int
    line: int


class TraceStep(NamedTuple):
    """A line of the log, where it stands, and when its record was appended (ms)."""

    position: LogPosition
    recorded_at_ms: int
    line: LogLine

    @property
    def type(self) -> str:
        """The line's type, e.g. `referral.qualified`."""
        return type_tag(self.line)

    @property
    def identity(self) -> tuple[object, ...]:
        """What is the same of a line that a crash had said twice."""
        return getattr(self.line, "cause", None) or self.position

    @property
    def cause(self) -> LogPosition | None:
        """The line that led to it; None for a fact."""
        cause: Cause | None = getattr(self.line, "cause", None)
        return LogPosition(*cause[:4]) if cause and cause[0] else None


class MissingStep(NamedTuple):
    """A step that was not found: which, and why and what to do about it."""

    step: str
    detail: str


def is_about(line: object, id: str) -> bool:
    """Whether a line is about the thing with this id."""
    return getattr(line, "id", None) == id
