"""Response structs of a trace: log positions, lines, missing steps, and rewards with their states."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.explain.grant_descriptions import milestone_count
from conversion_tracker.explain.line_descriptions import LineTexts, describe_line
from conversion_tracker.explain.log_positions import LogPosition, MissingStep, TraceStep
from conversion_tracker.named_person import named_person
from referral.events.line import RewardEvent
from referral.events.redemptions import (
    ChargeReviewRequested,
    OffsetRequested,
    RedemptionChangeRequested,
    RedemptionRefused,
    RedemptionRequested,
)
from referral.events.rewards import ClawbackOpened, RewardActionRequested, RewardAdjusted, RewardGranted, RewardStopped
from referral.events.timestamps import to_datetime
from referral.http.responses import Timestamp
from referral.people.people_view import People
from referral.topics import REWARDS

# A request is no state of a reward.
_REQUESTS = (
    RedemptionRequested,
    RedemptionChangeRequested,
    RedemptionRefused,
    RewardActionRequested,
    OffsetRequested,
    ChargeReviewRequested,
)


class PositionResponse(Struct):
    """The position of a line on the log."""

    topic: Annotated[str, Meta(examples=["referral.events"])]
    partition: int
    offset: Annotated[int, Meta(description="of its record")]
    line: Annotated[int, Meta(description="its number in the record, which is NDJSON; 0 is the first")]


class CauseResponse(Struct):
    """A line of the log that the explanation is based on."""

    type: Annotated[str, Meta(examples=["referral.qualified"])]
    says: Annotated[str, Meta(description="the line as a sentence")]
    at: Annotated[Timestamp, Meta(description="when it happened")]
    recorded_at: Annotated[Timestamp, Meta(description="when its record was appended")]
    place: PositionResponse
    cause: Annotated[PositionResponse | None, Meta(description="the line that led to it; null for an event")]


class MissingResponse(Struct):
    """A step that was not found on the log."""

    step: str
    detail: Annotated[str, Meta(description="why, and what to do")]


class RewardStateResponse(Struct):
    """A state that a reward reached, and the position of the line on the log."""

    state: Annotated[str, Meta(examples=["granted"])]
    at: Timestamp
    reason: str | None
    place: PositionResponse


class ExplainedReward(Struct, kw_only=True):
    """A reward that the conversion led to. Its later states are in the wallet of its beneficiary."""

    id: str
    beneficiary: Annotated[str | None, Meta(description="their person id")]
    external_id: Annotated[str | None, Meta(description="the platform's own id of the beneficiary")] = None
    rule: str | None = None
    kind: str | None = None
    role: Annotated[str | None, Meta(examples=["referrer"])] = None
    trigger: str | None = None
    milestone: Annotated[int | None, Meta(description="number of friends of a milestone; null for other rewards")] = (
        None
    )
    due_at: Annotated[Timestamp | None, Meta(description="end of its holding period")] = None
    status: Annotated[
        str, Meta(description="the last state that was found; `redeemed` if it was used before it was revoked")
    ]
    clawback: Annotated[bool, Meta(description="used, and revoked afterwards, as in the wallet")] = False
    states: list[RewardStateResponse]


@dataclass(frozen=True, slots=True)
class PositionFormatter:
    """Formats positions with the full names of topics."""

    prefix: str

    def to_response(self, position: LogPosition) -> PositionResponse:
        """Returns the response of a position."""
        return PositionResponse(self.prefix + position.topic, position.partition, position.offset, position.line)


def cause_response(step: TraceStep, positions: PositionFormatter, texts: LineTexts) -> CauseResponse:
    """Returns the response of a line."""
    return CauseResponse(
        type=step.type,
        says=describe_line(step.line, texts),
        at=step.line.occurred_at,
        recorded_at=to_datetime(step.recorded_at_ms),
        place=positions.to_response(step.position),
        cause=positions.to_response(step.cause) if step.cause else None,
    )


def missing_response(missing: MissingStep) -> MissingResponse:
    """Returns the response of a missing step."""
    return MissingResponse(missing.step, missing.detail)


def reward_responses(steps: Iterable[TraceStep], positions: PositionFormatter, people: People) -> list[ExplainedReward]:
    """Returns each reward of the trace, in the order of their first lines."""
    by_reward: dict[str, list[TraceStep]] = {}
    for step in steps:
        if isinstance(step.line, _REQUESTS):
            continue
        if step.position.topic == REWARDS.name and isinstance(step.line, RewardEvent):
            by_reward.setdefault(step.line.id, []).append(step)
    return [_reward_response(id, own, positions, people) for id, own in by_reward.items()]


def _reward_response(id: str, steps: list[TraceStep], positions: PositionFormatter, people: People) -> ExplainedReward:
    beneficiary = getattr(steps[0].line, "beneficiary", None)
    states = [_state_response(step, positions) for step in steps]
    status, clawback = _status(steps)
    reward = ExplainedReward(
        id=id,
        beneficiary=beneficiary,
        external_id=named_person(beneficiary, people).external_id if beneficiary else None,
        status=status,
        clawback=clawback,
        states=states,
    )
    grant = next((step.line for step in steps if isinstance(step.line, RewardGranted | RewardStopped)), None)
    if grant is not None:  # the grant of a milestone may be due to another conversion, and is then not in the trace
        reward.rule, reward.kind, reward.role, reward.trigger = grant.rule, grant.kind, grant.role, grant.trigger
        reward.milestone = milestone_count(grant.trigger)
    if isinstance(grant, RewardGranted):
        reward.due_at = grant.due_at or grant.occurred_at
    return reward


def _status(steps: Iterable[TraceStep]) -> tuple[str, bool]:
    """The status as the wallet shows it, and whether it is marked for clawback: what was used stays redeemed."""
    status, used, clawback = "", False, False
    for step in steps:
        if isinstance(step.line, ClawbackOpened):
            used = clawback = True
        elif isinstance(step.line, RewardGranted):
            clawback = False
        elif isinstance(step.line, RewardAdjusted):  # it is worth less, and its status is the same
            continue
        status = "redeemed" if used else _state(step)
    return status, clawback


def _state(step: TraceStep) -> str:
    return "clawback" if isinstance(step.line, ClawbackOpened) else step.type.partition(".")[2]


def _state_response(step: TraceStep, positions: PositionFormatter) -> RewardStateResponse:
    return RewardStateResponse(
        _state(step), step.line.occurred_at, getattr(step.line, "reason", None), positions.to_response(step.position)
    )
