"""The rewards that a conversion led to, and what became of each."""

from collections.abc import Sequence

from conversion_tracker.explain.log_positions import LogLine, Step, is_about
from conversion_tracker.explain.trace_reader import Reading
from referral.events.rewards import RewardGranted, RewardHeld
from referral.events.timestamps import to_ms
from referral.topics import REWARDS

_LEADS_ON = ("conversion.cleared", "conversion.reversed")
_ENDS = ("reward.fulfilled", "reward.revoked", "reward.expired")


def rewards(conversions: Sequence[Step], reading: Reading, wallets: Sequence[int]) -> list[Step]:
    """The rewards' lines in the partitions `wallets`: grants and revocations, and what the ledger made of each grant.

    That somebody was told of a reward, or used it, is not looked for: it may be months later, and the wallet tells it.
    """
    found: dict[object, Step] = {}
    for conversion in conversions:
        if conversion.type not in _LEADS_ON:
            continue
        for wallet in wallets:
            for step in reading.led_to(conversion, REWARDS, wallet):
                became = _became(step, step.line, reading) if isinstance(step.line, RewardGranted) else []
                for one in (step, *became):
                    found.setdefault(one.saying, one)
    return sorted(found.values(), key=lambda step: step.place)


def _became(granted: Step, line: RewardGranted, reading: Reading) -> list[Step]:
    """What the ledger said of a granted reward: at once, and then step by step while it waits for a day, a code or somebody."""
    led_to = reading.led_to(granted, REWARDS, granted.place.partition)
    found = [step for step in led_to if is_about(step.line, line.id)]
    last = found[-1] if found else None
    while last is not None and last.type not in _ENDS:
        period = isinstance(last.line, RewardHeld) and last.line.reason == "holding_period"
        later = _next(last, to_ms(line.due_at) if period else last.recorded_at_ms, line.id, reading)
        found, last = found + later, later[-1] if later else None
    return found


def _next(after: Step, since_ms: int, id: str, reading: Reading) -> list[Step]:
    """The lines of a reward behind one, up to the first that says it waits, or how it ended."""

    def wanted(line: LogLine) -> bool:
        return is_about(line, id) and type(line) is not RewardGranted

    def enough(step: Step) -> bool:
        return step.place > after.place and (step.type in _ENDS or isinstance(step.line, RewardHeld))

    found = reading.about(REWARDS, after.place.partition, since_ms, wanted, enough)
    return [step for step in found if step.place > after.place]
