"""Conversions → boards, and the parts of closed ones. State: the timestamps that count for a referrer.

Each referrer has a score by day, week, month and all time. A board whose period is over is closed at a tick (`board_parts`).

Scores are written and never read: a score is a function of the timestamps alone, so a refold gives byte-equal boards. All four
periods are stored, whatever the program shows, so that a board that is added later is correct from the start. Partners and
followers are ranked separately; each line contains which of them a referrer is.
"""

from collections.abc import Mapping, Sequence
from typing import get_args

from msgspec import Struct

from leaderboard.domain.board_metrics import CountedConversion, metrics_counting, metrics_of
from leaderboard.domain.score import add, load_seconds, remove, scores
from leaderboard.folds import state_keys
from leaderboard.folds.board_parts import CLOCK, BoardParts
from leaderboard.folds.board_periods import BoardPeriods
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.board_rules import BoardMetric
from referral.events.conversions import (
    ConversionCleared,
    ConversionHeld,
    ConversionLine,
    ConversionRejected,
    ConversionReversed,
    OrderFact,
)
from referral.events.ids import person_digest
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position, RawMember
from referral.topics import CONVERSIONS, STANDINGS, Topic

States = Mapping[Key, bytes | float | None]

_COUNTED = (ConversionCleared, ConversionReversed)
_METRICS = metrics_of(state_keys.BOARDS)


class BoardsFold:
    """Counts cleared conversions until they are reversed. Held and rejected ones never count."""

    name = state_keys.BOARDS
    service = state_keys.SERVICE
    source: Topic = CONVERSIONS
    outputs: Sequence[Topic] = (STANDINGS,)
    ignored: Sequence[type[Struct]] = (ConversionHeld, ConversionRejected, *get_args(OrderFact))
    state: object = bytes
    keeps_order = False

    first_timers = BoardParts.first_timers

    def __init__(self, partitions: int) -> None:
        self._periods = BoardPeriods(ProgramTimeZones())
        self._parts = BoardParts(self.name, partitions)

    def keys(self, line: ConversionLine) -> Sequence[Key]:
        """The referrer's timestamps for each metric; the boards follow from them. And how far boards are closed."""
        if not isinstance(line, _COUNTED):
            return ()
        return [*(state_keys.counted_seconds(metric, line.referrer) for metric in _METRICS), CLOCK]

    def decide(self, line: ConversionLine, states: States, catalog: Catalog, position: Position) -> Decision[bytes]:
        """Returns the referrer's new timestamps and scores.

        Raises LookupError for a program that the catalog lacks, and for the reversal of a conversion that does not count.
        """
        decision: Decision[bytes] = Decision()
        if isinstance(line, _COUNTED):
            for metric in metrics_counting(state_keys.BOARDS, line):
                self._count(metric, line, states, catalog, decision)
        return decision

    def timer_keys(self, tick: ClockTicked, key: str, states: States, catalog: Catalog) -> Sequence[Key]:
        """The boards that close, with their members."""
        return self._parts.timer_keys(tick, states, catalog)

    def on_timer_with(
        self, tick: ClockTicked, key: str, states: States, catalog: Catalog, position: Position
    ) -> Decision[bytes]:
        """Closes the boards whose periods are over for long enough."""
        return self._parts.close(tick, states, catalog, position)

    def _count(
        self, metric: BoardMetric, line: CountedConversion, states: States, catalog: Catalog, decision: Decision[bytes]
    ) -> None:
        """Adds the changes of one metric to the decision."""
        changes, referrer = decision.changes, line.referrer
        member = person_digest(referrer)
        key = state_keys.counted_seconds(metric, referrer)
        state = states[key]
        seconds = load_seconds(state if isinstance(state, bytes) else None)
        if isinstance(line, ConversionCleared):
            second = to_ms(line.occurred_at) // 1000
            add(seconds, second)
        else:
            second = to_ms(line.cleared_at) // 1000
            remove(seconds, second)
        changes[key] = seconds.tobytes() or None
        boards, windows_ = self._periods.boards_at(metric, line.program, second, line.referrer_kind, catalog)
        found = scores(seconds, windows_)
        for board, score in zip(boards, found, strict=True):
            changes[RawMember(board, member)] = score
        self._parts.record(boards, windows_, found, line, states, catalog, decision)
