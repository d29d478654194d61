"""The parts of an explanation that come from the log: positions, lines, the states of rewards, and missing steps."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.explain.line_descriptions import NameOf, describe_line, milestone_count
from conversion_tracker.explain.log_positions import LogPosition, TraceStep
from referral.events.rewards import RewardEvent, RewardGranted
from referral.events.timestamps import to_datetime
from referral.http.responses import Timestamp
from referral.topics import REWARDS


class LogPositionResponse(Struct):
    """The position of a line on the log."""

    topic: Annotated[str, Meta(examples=["referral.events"])]
    partition: int
    offset: Annotated[int, Meta(description="Of its record.")]
    line: Annotated[int, Meta(description="Its number in the record, which is NDJSON, from 0.")]


class CauseResponse(Struct):
    """A line of the log that led to the current state."""

    type: Annotated[str, Meta(examples=["referral.qualified"])]
    says: Annotated[str, Meta(description="The line in one sentence.")]
    at: Annotated[Timestamp, Meta(description="When it happened.")]
    recorded_at: Annotated[Timestamp, Meta(description="When its record was appended.")]
    place: LogPositionResponse
    cause: Annotated[LogPositionResponse | None, Meta(description="The line that caused it; null for an event.")]


class MissingStepResponse(Struct):
    """A line that was not found on the log."""

    step: str
    detail: Annotated[str, Meta(description="Why, and what to do.")]


class RewardStateResponse(Struct):
    """A state that a reward reached."""

    state: Annotated[str, Meta(examples=["granted"])]
    at: Timestamp
    reason: str | None
    place: LogPositionResponse


class ExplainedRewardResponse(Struct):
    """A reward that the conversion caused. The fields of its grant are null if another conversion caused that."""

    id: str
    beneficiary: str | None
    rule: str | None
    kind: str | None
    role: Annotated[str | None, Meta(examples=["referrer"])]
    trigger: str | None
    milestone: Annotated[int | None, Meta(description="The number of friends, for a milestone reward.")]
    due_at: Annotated[Timestamp | None, Meta(description="When its holding period ends.")]
    status: Annotated[str, Meta(description="The last state that was found.")]
    states: list[RewardStateResponse]


@dataclass(frozen=True, slots=True)
class TraceFormatter:
    """Builds the responses. `prefix` is the prefix of topic names, `name` returns display names."""

    prefix: str
    name: NameOf

    def position(self, position: LogPosition) -> LogPositionResponse:
        """The position, with the full topic name."""
        topic, partition, offset, line = position
        return LogPositionResponse(self.prefix + topic, partition, offset, line)

    def optional_position(self, position: LogPosition | None) -> LogPositionResponse | None:
        """The position, if there is one."""
        return self.position(position) if position else None

    def cause(self, step: TraceStep) -> CauseResponse:
        """A line of the trace."""
        return CauseResponse(
            type=step.type,
            says=describe_line(step.line, self.name),
            at=step.line.occurred_at,
            recorded_at=to_datetime(step.recorded_at_ms),
            place=self.position(step.position),
            cause=self.optional_position(step.cause),
        )

    def rewards(self, steps: Iterable[TraceStep]) -> list[ExplainedRewardResponse]:
        """The rewards of a trace, in the order of their first lines."""
        by_reward: dict[str, list[TraceStep]] = {}
        for step in steps:
            if step.position.topic == REWARDS.name and isinstance(step.line, RewardEvent):
                by_reward.setdefault(step.line.id, []).append(step)
        return [self._reward(id, lines) for id, lines in by_reward.items()]

    def _reward(self, id: str, steps: list[TraceStep]) -> ExplainedRewardResponse:
        grant = next((step.line for step in steps if isinstance(step.line, RewardGranted)), None)
        states = [self._state(step) for step in steps]
        return ExplainedRewardResponse(
            id=id,
            beneficiary=getattr(steps[0].line, "beneficiary", None),
            rule=grant.rule if grant else None,
            kind=grant.kind if grant else None,
            role=grant.role if grant else None,
            trigger=grant.trigger if grant else None,
            milestone=milestone_count(grant.trigger) if grant else None,
            due_at=grant.due_at if grant else None,
            status=states[-1].state,
            states=states,
        )

    def _state(self, step: TraceStep) -> RewardStateResponse:
        return RewardStateResponse(
            state=step.type.partition(".")[2],
            at=step.line.occurred_at,
            reason=getattr(step.line, "reason", None),
            place=self.position(step.position),
        )
