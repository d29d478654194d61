"""The reward lines of a trace: the rewards that a conversion caused, and the later states of each."""

from collections.abc import Sequence

from conversion_tracker.explain.log_positions import LogLine, TraceStep, is_about
from conversion_tracker.explain.trace_reader import TraceReader
from referral.events.rewards import RewardGranted, RewardHeld, RewardRevoked
from referral.events.timestamps import to_ms
from referral.topics import REWARDS

_GRANTING = ("conversion.cleared", "conversion.reversed", "conversion.ordered", "conversion.order_refunded")
_FINAL = ("reward.fulfilled", "reward.revoked", "reward.expired")


def reward_steps(conversions: Sequence[TraceStep], reader: TraceReader, wallets: Sequence[int]) -> list[TraceStep]:
    """The reward lines in the partitions `wallets`: grants, revocations, and what the ledger decided about each grant.

    Redemptions and notifications are not searched for: they can be months later, and the wallet shows them. That a reward was used
    before it was revoked follows from the line that the revocation caused.
    """
    found: dict[object, TraceStep] = {}
    for conversion in conversions:
        if conversion.type not in _GRANTING:
            continue
        for wallet in wallets:
            for step in reader.steps_caused_by(conversion, REWARDS, wallet):
                later = _consequences(step, reader)
                for one in (step, *later):
                    found.setdefault(one.identity, one)
    return sorted(found.values(), key=lambda step: step.position)


def _consequences(step: TraceStep, reader: TraceReader) -> list[TraceStep]:
    """What the ledger decided about a grant; after a revocation, that the reward had been used."""
    if isinstance(step.line, RewardGranted):
        return _later_states(step, step.line, reader)
    if isinstance(step.line, RewardRevoked):
        return reader.steps_caused_by(step, REWARDS, step.position.partition)
    return []


def _later_states(granted: TraceStep, line: RewardGranted, reader: TraceReader) -> list[TraceStep]:
    """What the ledger decided about a granted reward: at once, and then after each wait for a date, a code or a review."""
    caused = reader.steps_caused_by(granted, REWARDS, granted.position.partition)
    found = [step for step in caused if is_about(step.line, line.id)]
    last = found[-1] if found else None
    while last is not None and last.type not in _FINAL:
        in_holding_period = isinstance(last.line, RewardHeld) and last.line.reason == "holding_period"
        later = _next_states(last, to_ms(line.due_at or line.occurred_at), line.id, reader) if in_holding_period else []
        later = later or _next_states(
            last, last.recorded_at_ms, line.id, reader
        )  # an operator may end it before it is due
        found, last = found + later, later[-1] if later else None
    return found


def _next_states(after: TraceStep, since_ms: int, id: str, reader: TraceReader) -> list[TraceStep]:
    """The lines of a reward after a step, up to the next hold or the final state."""

    def matches(line: LogLine) -> bool:
        return is_about(line, id) and type(line) is not RewardGranted

    def is_last(step: TraceStep) -> bool:
        return step.position > after.position and (step.type in _FINAL or isinstance(step.line, RewardHeld))

    found = reader.find_steps(REWARDS, after.position.partition, since_ms, matches, is_last)
    return [step for step in found if step.position > after.position]
