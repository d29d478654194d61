"""Attributions → growth: who follows now, by program, day of the follow and channel.

A reversal does not contain the channel of the referral, so it is stored for each referral that has one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from leaderboard.domain.day_buckets import bucket_of
from leaderboard.domain.growth import Growth, GrowthDays, ReferralChannel
from leaderboard.domain.periods import windows
from leaderboard.folds import state_keys
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.attributions import (
    AttributionLine,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    Stage,
)
from referral.events.line import ClockTicked
from referral.fold.fold import Decision, Key, Position
from referral.topics import ATTRIBUTIONS, Topic

GrowthLine = ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed
State = Growth | GrowthDays | ReferralChannel
States = Mapping[Key, State | float | None]
Changes = dict[Key, State | float | None]


class GrowthFold:
    """Counts followers. Attributed and unattributed add up to all; a reversal is subtracted from the day of the follow."""

    name = state_keys.GROWTH
    service = state_keys.SERVICE
    source: Topic = ATTRIBUTIONS
    outputs: Sequence[Topic] = ()
    state: object = State
    keeps_order = False

    def __init__(self) -> None:
        self._time_zones = ProgramTimeZones()

    def keys(self, line: AttributionLine) -> Sequence[Key]:
        """The counts of the follow's day and of all time, and the referral's channel. Referral edges add no follower."""
        if not isinstance(line, GrowthLine):
            return ()
        return state_keys.all_time(line.program), _days_key(line), *_channel_keys(line)

    def decide(self, line: AttributionLine, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns the new counts. Raises LookupError for a program that the catalog lacks."""
        if not isinstance(line, GrowthLine):
            return Decision()
        day = windows(_second(line), self._time_zones.zone_of(line.program, catalog))[0].name
        total, days = states[state_keys.all_time(line.program)], states[_days_key(line)]
        bucket = days if isinstance(days, GrowthDays) else GrowthDays()
        channel = _channel(line, states)
        changes: Changes = {
            state_keys.all_time(line.program): _count(line, total if isinstance(total, Growth) else Growth(), channel),
            _days_key(line): bucket.with_day(day, _count(line, bucket.days.get(day, Growth()), channel)),
        }
        return Decision(changes | _channel_changes(line))

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """No timers."""
        return Decision()


def _followed_at(line: GrowthLine) -> datetime:
    match line:
        case ReferralQualified():
            return line.followed_at
        case ReferralReversed():
            return line.since
        case ReferralAttributed() | ReferralUnattributed():
            return line.occurred_at


def _second(line: GrowthLine) -> int:
    return int(_followed_at(line).timestamp())


def _days_key(line: GrowthLine) -> str:
    return state_keys.days(line.program, bucket_of(_second(line)))


def _channel_keys(line: GrowthLine) -> tuple[str, ...]:
    """The key of the referral's channel, for a line that writes or reads it."""
    match line:
        case ReferralAttributed() if line.evidence.channel:
            return (state_keys.channel(line.id),)
        case ReferralReversed(id=str(id)) if "attributed" in line.undoes:
            return (state_keys.channel(id),)
        case _:
            return ()


def _channel(line: GrowthLine, states: States) -> str | None:
    if isinstance(line, ReferralAttributed):
        return line.evidence.channel
    for key in _channel_keys(line):
        state = states[key]
        return state.channel if isinstance(state, ReferralChannel) else None
    return None


def _channel_changes(line: GrowthLine) -> Changes:
    channel = line.evidence.channel if isinstance(line, ReferralAttributed) else None
    return {key: ReferralChannel(channel) if channel else None for key in _channel_keys(line)}


def _count(line: GrowthLine, growth: Growth, channel: str | None) -> Growth:
    """Returns the counts after a line."""
    for stage, number in _stage_changes(line):
        growth = growth.plus(stage, number, channel)
    return growth


def _stage_changes(line: GrowthLine) -> Sequence[tuple[Stage, int]]:
    match line:
        case ReferralAttributed():
            return (("attributed", 1),)
        case ReferralQualified():
            return (("qualified", 1),)
        case ReferralUnattributed():
            return (("unattributed", 1),)
        case ReferralReversed():
            return [(stage, -1) for stage in line.undoes]
