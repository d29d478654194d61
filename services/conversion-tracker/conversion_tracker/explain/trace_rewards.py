"""The rewards that a conversion led to, and what became of each."""

from collections.abc import Sequence

from conversion_tracker.explain.log_positions import LogLine, TraceStep, is_about
from conversion_tracker.explain.trace_reader import TraceReader
from referral.events.rewards import RewardGranted, RewardHeld
from referral.events.timestamps import to_ms
from referral.topics import REWARDS

_GRANTING = ("conversion.cleared", "conversion.reversed")
_FINAL = ("reward.fulfilled", "reward.revoked", "reward.expired")


def reward_steps(conversions: Sequence[TraceStep], reading: TraceReader, wallets: Sequence[int]) -> list[TraceStep]:
    """The rewards' lines in the partitions `wallets`: grants and revocations, and what the ledger made of each grant.

    That somebody was told of a reward, or used it, is not looked for: it may be months later, and the wallet tells it.
    """
    found: dict[object, TraceStep] = {}
    for conversion in conversions:
        if conversion.type not in _GRANTING:
            continue
        for wallet in wallets:
            for step in reading.steps_caused_by(conversion, REWARDS, wallet):
                became = _later_states(step, step.line, reading) if isinstance(step.line, RewardGranted) else []
                for one in (step, *became):
                    found.setdefault(one.identity, one)
    return sorted(found.values(), key=lambda step: step.position)


def _later_states(granted: TraceStep, line: RewardGranted, reading: TraceReader) -> list[TraceStep]:
    """What the ledger said of a granted reward: at once, and then step by step while it waits for a day, a code or somebody."""
    led_to = reading.steps_caused_by(granted, REWARDS, granted.position.partition)
    found = [step for step in led_to if is_about(step.line, line.id)]
    last = found[-1] if found else None
    while last is not None and last.type not in _FINAL:
        period = isinstance(last.line, RewardHeld) and last.line.reason == "holding_period"
        later = _next_states(last, to_ms(line.due_at) if period else last.recorded_at_ms, line.id, reading)
        found, last = found + later, later[-1] if later else None
    return found


def _next_states(after: TraceStep, since_ms: int, id: str, reading: TraceReader) -> list[TraceStep]:
    """The lines of a reward behind one, up to the first that says it waits, or how it ended."""

    def wanted(line: LogLine) -> bool:
        return is_about(line, id) and type(line) is not RewardGranted

    def enough(step: TraceStep) -> bool:
        return step.position > after.position and (step.type in _FINAL or isinstance(step.line, RewardHeld))

    found = reading.find_steps(REWARDS, after.position.partition, since_ms, wanted, enough)
    return [step for step in found if step.position > after.position]
