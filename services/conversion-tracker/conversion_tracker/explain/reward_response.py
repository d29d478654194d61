"""The rewards of an explanation, each with what was found of it on the log."""

from collections.abc import Callable, Iterable

from conversion_tracker.attribution.referrer_response import JsonObject
from conversion_tracker.explain.line_descriptions import milestone_count
from conversion_tracker.explain.log_positions import LogPosition, TraceStep
from referral.events.rewards import RewardEvent, RewardGranted
from referral.topics import REWARDS

PlaceShown = Callable[[LogPosition | None], JsonObject | None]


def rewards_response(steps: Iterable[TraceStep], place: PlaceShown) -> list[JsonObject]:
    """One shape a reward, in the order they were first said."""
    found: dict[str, list[TraceStep]] = {}
    for step in steps:
        if step.position.topic == REWARDS.name and isinstance(step.line, RewardEvent):
            found.setdefault(step.line.id, []).append(step)
    return [_reward(id, mine, place) for id, mine in found.items()]


def _reward(id: str, steps: list[TraceStep], place: PlaceShown) -> JsonObject:
    states = [_state(step, place) for step in steps]
    return {
        "id": id,
        "beneficiary": getattr(steps[0].line, "beneficiary", None),
        **_granted(next((step.line for step in steps if isinstance(step.line, RewardGranted)), None)),
        "status": states[-1]["state"],
        "states": states,
    }


def _granted(line: RewardGranted | None) -> JsonObject:
    """What its grant says; nothing of a reward whose grant another conversion led to."""
    if line is None:
        return dict.fromkeys(("rule", "kind", "role", "trigger", "milestone", "due_at"))
    return {
        "rule": line.rule,
        "kind": line.kind,
        "role": line.role,
        "trigger": line.trigger,
        "milestone": milestone_count(line.trigger),
        "due_at": line.due_at,
    }


def _state(step: TraceStep, place: PlaceShown) -> JsonObject:
    return {
        "state": step.type.partition(".")[2],
        "at": step.line.occurred_at,
        "reason": getattr(step.line, "reason", None),
        "place": place(step.position),
    }
