"""Attributions → growth: who follows now, by program, day of the follow and channel.

The counts of each referrer are stored as well: those of banned referrers are subtracted when the figures are read, so that a ban
changes one state. The counts of all time are the sum of those of all days.

The network of referrals is stored too, in both directions: whom a person brought, and who brought them. Who follows without a
referrer is stored as well, so that it is known of each referrer when they began to follow (`spread_store`).

The boards of reach are written here: a line has the change of a participant's reach (`person_boards`).

Follows by a content item with an experiment are forwarded to it (`chain_follows`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import cast, get_args

from msgspec import Struct

from leaderboard.domain.board_metrics import metrics_counting
from leaderboard.domain.credited_follow import CreditedFollow
from leaderboard.domain.day_buckets import bucket_of
from leaderboard.domain.growth import Growth, GrowthDays, departure, part_name
from leaderboard.domain.periods import day_name
from leaderboard.domain.tally import QUARTER_S, StoredTally
from leaderboard.folds import state_keys
from leaderboard.folds.board_parts import BoardParts
from leaderboard.folds.board_periods import BoardPeriods
from leaderboard.folds.chain_follows import credit_change, credited_key
from leaderboard.folds.person_boards import BoardChanges, PersonBoards
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.attributions import (
    AttributionLine,
    ConversionAppealed,
    ConversionReviewed,
    Evidence,
    OrderLine,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    ReferrerBanned,
    ReferrerUnbanned,
    Stage,
)
from referral.events.board_rules import BoardMetric
from referral.events.edges import (
    CycleOpened,
    EdgeProbed,
    EdgeRemoved,
    EdgeSet,
    ReachChanged,
    ReachRefreshRequested,
    ReferralInCycle,
    ReferralOutOfCycle,
)
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position, SortedSetMember
from referral.topics import ATTRIBUTIONS, STANDINGS, Topic

BanLine = ReferrerBanned | ReferrerUnbanned
EdgeLine = EdgeSet | EdgeRemoved
CycleLine = ReferralInCycle | ReferralOutOfCycle
GrowthLine = ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed
_EDGE_LINES, _CYCLE_LINES = get_args(EdgeLine), get_args(CycleLine)
_BAN_LINES = get_args(BanLine)  # isinstance takes a third of the time with a tuple
_GROWTH_LINES = get_args(GrowthLine)
_NO_DAYS, _NO_GROWTH = GrowthDays(), Growth()
_CACHED_KEYS = 4096
Upline = dict[str, str]
"""Referrers of a person, by referral."""
State = GrowthDays | Upline | CreditedFollow | StoredTally | bytes
States = Mapping[Key, State | float | None]
Changes = dict[Key, State | float | None]


class GrowthFold:
    """Counts followers. Attributed and unattributed add up to all; a reversal is subtracted from the day of the follow."""

    name = state_keys.GROWTH
    service = state_keys.SERVICE
    source: Topic = ATTRIBUTIONS
    outputs: Sequence[Topic] = (STANDINGS,)
    ignored: Sequence[type[Struct]] = (
        EdgeProbed,
        CycleOpened,
        ReachRefreshRequested,
        *get_args(OrderLine),
        ConversionReviewed,
        ConversionAppealed,
    )
    state: object = State
    keeps_order = False

    first_timers: Mapping[str, State] = BoardParts.first_timers

    def __init__(self, partitions: int) -> None:
        self._time_zones = ProgramTimeZones()
        self._parts = BoardParts(self.name, partitions)
        self._boards = PersonBoards(state_keys.GROWTH, BoardPeriods(self._time_zones), self._parts)

    def keys(self, line: AttributionLine) -> Sequence[Key]:
        """The counts of the days around the follow: the program's, and the referrer's. Referral edges add no follower."""
        if isinstance(line, _GROWTH_LINES):
            return *_count_keys(line.program, _referrer(line), bucket_of(_second(line))), *credited_key(line)
        if isinstance(line, _EDGE_LINES):
            return (state_keys.upline(line.program, line.participant),)
        if isinstance(line, _CYCLE_LINES):
            return (_referee_key(line.program, line.referrer, line.participant),)
        if isinstance(line, ReachChanged):
            return self._boards.count_keys(_metrics_of(line), line.program, line.participant)
        if isinstance(line, _BAN_LINES):
            return _ban_key(line), *self._boards.tally_keys(line.program, line.referrer)
        return ()

    def decide(self, line: AttributionLine, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns the new counts, and what follows for an experiment. Raises LookupError for a program that the catalog lacks."""
        if isinstance(line, _GROWTH_LINES):
            decision: Decision[State] = Decision({**self._count(line, states, catalog), **_follower_changes(line)})
            _forward(line, states, catalog, decision)
            return decision
        if isinstance(line, _EDGE_LINES):
            return Decision(_upline_changes(line, states))
        if isinstance(line, _CYCLE_LINES):
            return Decision(_cycle_changes(line, states))
        if isinstance(line, ReachChanged):
            return Decision({**self._count_reach(line, states, catalog)})
        if isinstance(line, _BAN_LINES):
            banned = isinstance(line, ReferrerBanned)
            shown = self._boards.set_hidden(line.program, line.referrer, banned, states, catalog)
            return Decision({_ban_key(line): 0.0 if banned else None, **shown})
        return Decision()

    def timer_keys(self, tick: ClockTicked, key: str, states: States, catalog: Catalog) -> Sequence[Key]:
        """The boards of reach that close, with their members."""
        return self._parts.timer_keys(tick, states, catalog)

    def on_timer_with(
        self, tick: ClockTicked, key: str, states: States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Closes the boards of reach whose periods are over for long enough."""
        return cast("Decision[State]", self._parts.close(tick, states, catalog, position))

    def _count_reach(self, line: ReachChanged, states: States, catalog: Catalog) -> BoardChanges:
        changes = BoardChanges()
        numbers = [(quarter * QUARTER_S, number) for quarter, number in line.quarters]
        for metric in _metrics_of(line):
            changes |= self._boards.count(metric, line.program, line.participant, numbers, states, catalog)
        return changes

    def _count(self, line: GrowthLine, states: States, catalog: Catalog) -> Changes:
        second = _second(line)
        bucket, day = bucket_of(second), day_name(second, self._time_zones.zone_of(line.program, catalog))
        keys, changes = _count_keys(line.program, _referrer(line), bucket), Changes()
        stages, number, channel, parts = _stage_change(line)
        left = _departure(line) if isinstance(line, ReferralReversed) else None
        for key in keys:
            state = states[key]
            days = state if isinstance(state, GrowthDays) else _NO_DAYS
            growth = days.days.get(day, _NO_GROWTH).plus(stages, number, channel, parts)
            changes[key] = days.with_day(day, growth.with_departure(left) if left else growth)
        if states[keys[0]] is None:
            changes[SortedSetMember(state_keys.buckets(line.program), str(bucket))] = float(bucket)
        if len(keys) > 1 and states[keys[1]] is None:
            changes[SortedSetMember(state_keys.bucket_referrers(line.program, bucket), _referrer(line) or "")] = 0.0
        return changes


def _metrics_of(line: ReachChanged) -> Sequence[BoardMetric]:
    return metrics_counting(state_keys.GROWTH, line)


def _follower_changes(line: GrowthLine) -> Changes:
    """A person belongs to their referrer's network, or to those without a referrer, while what was published of them is valid."""
    match line:
        case ReferralUnattributed():
            return {SortedSetMember(state_keys.discovered(line.program), line.person): float(_second(line))}
        case ReferralReversed(referrer=None):
            return {SortedSetMember(state_keys.discovered(line.program), line.person): None}
        case ReferralAttributed():
            return {_referee_key(line.program, line.referrer, line.person): float(max(1, _second(line)))}
        case ReferralReversed(referrer=str(referrer)) if "attributed" in line.undoes:
            return {_referee_key(line.program, referrer, line.person): None}
        case _:
            return {}


def _upline_changes(line: EdgeLine, states: States) -> Changes:
    key = state_keys.upline(line.program, line.participant)
    known = states[key]
    upline = dict(known) if isinstance(known, dict) else {}
    if isinstance(line, EdgeSet):
        upline[line.referral] = line.referrer
    else:
        upline.pop(line.referral, None)
    return {key: upline or None}


def _cycle_changes(line: CycleLine, states: States) -> Changes:
    """A refused referral is in no network; one that was reversed in the meantime stays out of it."""
    key = _referee_key(line.program, line.referrer, line.participant)
    second = states[key]
    if not isinstance(second, float):
        return {}
    return {key: -abs(second) if isinstance(line, ReferralInCycle) else abs(second)}


def _referee_key(program: str, referrer: str, person: str) -> SortedSetMember:
    return SortedSetMember(state_keys.referees(program, referrer), person)


def _forward(line: GrowthLine, states: States, catalog: Catalog, decision: Decision[State]) -> None:
    """Adds what a follow or its reversal changes for an experiment."""
    for key in credited_key(line):
        if isinstance(line, ReferralAttributed | ReferralReversed) and (
            change := credit_change(line, states[key], catalog)
        ):
            decision.changes[key] = change[0]
            decision.outputs += change[1]


def _second(line: GrowthLine) -> int:
    """When the person began to follow (seconds since the epoch)."""
    return to_ms(_followed_at(line)) // 1000


def _followed_at(line: GrowthLine) -> datetime:
    match line:
        case ReferralAttributed() | ReferralUnattributed():
            return line.occurred_at
        case ReferralQualified():
            return line.followed_at
        case ReferralReversed():
            return line.since


def _referrer(line: GrowthLine) -> str | None:
    return None if isinstance(line, ReferralUnattributed) else line.referrer


@lru_cache(_CACHED_KEYS)
def _count_keys(program: str, referrer: str | None, bucket: int) -> tuple[str, ...]:
    """The keys of the program's counts, and of the referrer's if there is one."""
    own = (state_keys.referrer_days(program, referrer, bucket),) if referrer else ()
    return state_keys.days(program, bucket), *own


def _ban_key(line: BanLine) -> SortedSetMember:
    return SortedSetMember(state_keys.banned_referrers(line.program), line.referrer)


def _stage_change(line: GrowthLine) -> tuple[tuple[Stage, ...], int, str | None, Sequence[str]]:
    """The stages that a line concerns, by how much their counts change, the channel, and the parts."""
    match line:
        case ReferralAttributed() | ReferralQualified():
            evidence = line.evidence
            return line.stages, 1, evidence.channel, _parts(evidence)
        case ReferralUnattributed():
            return ("unattributed",), 1, None, ()
        case ReferralReversed():
            return line.undoes, -1, line.channel, _parts(line)


def _parts(named: Evidence | ReferralReversed) -> Sequence[str]:
    """What evidence, or the reversal of what rests on it, counts for by name."""
    content, partner = named.content, named.partner
    return _part_names(content, named.cta, partner) if content or partner else ()


@lru_cache(_CACHED_KEYS)
def _part_names(content: str | None, cta: str | None, partner: str | None) -> tuple[str, ...]:
    """A call to action belongs to its content item, and counts with it alone."""
    of_content = (part_name("content", content),) if content else ()
    of_cta = (part_name("cta", f"{content}/{cta}"),) if content and cta else ()
    return *of_content, *of_cta, *((part_name("partner", partner),) if partner else ())


def _departure(line: ReferralReversed) -> str | None:
    """How a person who unfollows is counted as one who has left; None for any other reversal."""
    if line.reason != "unfollowed" or line.undoes == ("qualified",):
        return None
    return departure(line.referrer is not None, _second(line), to_ms(line.occurred_at) // 1000)
