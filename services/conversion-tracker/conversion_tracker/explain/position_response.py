"""Response struct of a log position."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.explain.log_positions import LogPosition


class PositionResponse(Struct):
    """The position of a line on the log."""

    topic: Annotated[str, Meta(examples=["referral.events"])]
    partition: int
    offset: Annotated[int, Meta(description="of its record")]
    line: Annotated[int, Meta(description="its number in the record, which is NDJSON; 0 is the first")]


@dataclass(frozen=True, slots=True)
class PositionFormatter:
    """Formats positions with the full names of topics."""

    prefix: str

    def to_response(self, position: LogPosition) -> PositionResponse:
        """Returns the response of a position."""
        return PositionResponse(self.prefix + position.topic, position.partition, position.offset, position.line)
