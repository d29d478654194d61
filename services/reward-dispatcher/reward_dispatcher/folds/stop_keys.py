"""The keys of rewards that a cap stopped, in the state of the decide fold: the fold writes by them, the HTTP API reads by them.

A partition has those of its referrers; a program's list is read from all partitions.
"""

from collections.abc import Iterable

from msgspec import Struct

from referral.entitlement.grant_lines import GrantLine
from referral.entitlement.grants import ConversionGrants, ReferrerGrants
from referral.events.money import Value
from referral.events.rewards import RewardKind, RewardStopped, StopReason
from referral.events.timestamps import to_ms
from referral.fold.fold import Key, SortedSetMember

DECIDE = "decide"


class StoppedReward(Struct, frozen=True, array_like=True, tag="stopped"):
    """A reward that was not granted, and why; `stopped_ms` is when it was earned."""

    id: str
    program: str
    beneficiary: str
    rule: str
    kind: RewardKind
    trigger: str
    reason: StopReason
    stopped_ms: int
    value: Value | None = None


StopChanges = dict[Key, "StoppedReward | ReferrerGrants | ConversionGrants | float | None"]


def stopped_rewards(program: str) -> str:
    """A sorted set: the ids of a program's stopped rewards by time (ms)."""
    return f"stops:{program}"


def stopped(reward: str) -> str:
    """A StoppedReward."""
    return f"stop:{reward}"


def with_stops(lines: Iterable[GrantLine]) -> StopChanges:
    """The changes that list the stopped rewards among lines."""
    changes: StopChanges = {}
    for line in lines:
        if isinstance(line, RewardStopped):
            state = _state(line)
            changes[stopped(line.id)] = state
            changes[SortedSetMember(stopped_rewards(line.program), line.id)] = float(state.stopped_ms)
    return changes


def without_stops(program: str, rewards: Iterable[str]) -> StopChanges:
    """The changes that remove rewards from the list."""
    changes: StopChanges = {}
    for reward in rewards:
        changes[stopped(reward)] = None
        changes[SortedSetMember(stopped_rewards(program), reward)] = None
    return changes


def _state(line: RewardStopped) -> StoppedReward:
    return StoppedReward(
        id=line.id,
        program=line.program,
        beneficiary=line.beneficiary,
        rule=line.rule,
        kind=line.kind,
        trigger=line.trigger,
        reason=line.reason,
        stopped_ms=to_ms(line.occurred_at),
        value=line.value,
    )
