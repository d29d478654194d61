"""Attributions → growth: who follows now, by program, day of the follow and channel.

A reversal does not contain the channel of the referral, so it is stored for each referral that has one. The counts of each
referrer are stored as well: those of banned referrers are subtracted when the figures are read, so that a ban changes one state.
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
    ReferrerBanned,
    ReferrerUnbanned,
    Stage,
)
from referral.events.line import ClockTicked
from referral.fold.fold import Decision, Key, Position, SortedSetMember
from referral.topics import ATTRIBUTIONS, Topic

BanLine = ReferrerBanned | ReferrerUnbanned
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
        """The counts of the follow's day and of all time, also the referrer's, and the referral's channel.

        Referral edges add no follower.
        """
        if isinstance(line, BanLine):
            return (_ban_key(line),)
        if not isinstance(line, GrowthLine):
            return ()
        return *(key for keys in _count_keys(line) for key in keys), *_channel_keys(line)

    def decide(self, line: AttributionLine, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns the new counts. Raises LookupError for a program that the catalog lacks."""
        if isinstance(line, BanLine):
            return Decision({_ban_key(line): 0.0 if isinstance(line, ReferrerBanned) else None})
        if not isinstance(line, GrowthLine):
            return Decision()
        day = windows(_second(line), self._time_zones.zone_of(line.program, catalog))[0].name
        channel = _channel(line, states)
        changes: Changes = {}
        for total_key, days_key in _count_keys(line):
            total, days = states[total_key], states[days_key]
            bucket = days if isinstance(days, GrowthDays) else GrowthDays()
            changes[total_key] = _count(line, total if isinstance(total, Growth) else Growth(), channel)
            changes[days_key] = bucket.with_day(day, _count(line, bucket.days.get(day, Growth()), channel))
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


def _count_keys(line: GrowthLine) -> list[tuple[str, str]]:
    """The keys of the counts of all time and of the follow's day: the program's, and those of the referrer if there is one."""
    program, bucket = line.program, bucket_of(_second(line))
    keys = [(state_keys.all_time(program), state_keys.days(program, bucket))]
    referrer = None if isinstance(line, ReferralUnattributed) else line.referrer
    if referrer:
        own = state_keys.referrer_all_time(program, referrer), state_keys.referrer_days(program, referrer, bucket)
        keys.append(own)
    return keys


def _ban_key(line: BanLine) -> SortedSetMember:
    return SortedSetMember(state_keys.banned_referrers(line.program), line.referrer)


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
