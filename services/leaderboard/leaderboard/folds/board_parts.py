"""Closes the boards of a partition: what each has at its end goes to `standings` as a part.

Each fold that writes boards has one `BoardParts`. It registers each board under the second at which the board closes; at the first
tick from then on, a due board that its program declares becomes a part. Once no due board is left, the partition reports that to
all partitions of `standings`: so a partition without a part has no entry, and a board waits for no partition that has nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import inf
from typing import NamedTuple, Protocol

from leaderboard.domain.closed_board import part_digest
from leaderboard.domain.closing_schedule import QUARTER_S, ClosingProgress, closes_at, unpack, until_of
from leaderboard.domain.score import count_of, reached_at_of
from leaderboard.folds.closing_terms import PeriodBoard, closing_terms
from referral.catalog.view import Catalog
from referral.events.ids import person_of
from referral.events.line import ClockTicked
from referral.events.standings import (
    SLICE,
    BoardCorrected,
    BoardPartClosed,
    BoardPartsWritten,
    PartEntry,
)
from referral.events.timestamps import to_datetime, to_ms
from referral.fold.fold import (
    Decision,
    Key,
    Output,
    Position,
    SortedSetMember,
    StateGroup,
    Timer,
    group_scores,
    raw_scores,
)
from referral.topics import STANDINGS

CLOCK = "closing"
"""The state of the progress, and its timer."""
_REGISTER = "closing-boards"
_CACHE_SIZE = 4096
_BOARDS_OF_TICK = 2000  # so that a tick takes seconds, however many boards close; the next tick goes on
_REGISTERED_OF_TICK = 10_000  # boards that are looked at: those that no program declares cost little
States = Mapping[Key, object]


class CountedLine(Protocol):
    """What a correction needs of the line that led to it."""

    @property
    def occurred_at(self) -> datetime:
        """When it happened."""

    @property
    def referrer(self) -> str:
        """The participant whose score it changed."""


class Closings(NamedTuple):
    """The boards that close: when, how they are registered, and the first second at which one does."""

    times: Mapping[str, int]
    registered: Mapping[Key, float]
    first_s: float


class _Turn(NamedTuple):
    """The boards of one tick: all that are no longer registered after it, those of them that close, and whether none is left."""

    boards: list[str]
    declared: list[tuple[str, int]]
    is_last: bool


def closings_of(ends: Mapping[str, int]) -> Closings:
    """The closings of boards, given with the ends of their periods."""
    times = {board: at for board, end_s in ends.items() if (at := closes_at(end_s)) is not None}
    registered: dict[Key, float] = {SortedSetMember(_REGISTER, board): float(at) for board, at in times.items()}
    return Closings(times, registered, min(times.values(), default=inf))


class BoardParts:
    """The closing of the boards that a fold writes. `partitions` is the number of partitions of its source and of `standings`."""

    first_timers: Mapping[str, bytes] = {CLOCK: ClosingProgress().pack()}

    def __init__(self, source: str, partitions: int) -> None:
        self._source = source
        self._partitions = partitions
        self._closings: dict[tuple[str, ...], Closings] = {}  # those of a quarter of an hour are the same

    def _closings_of(self, boards: tuple[str, ...], windows: Sequence[tuple[int, int]]) -> "Closings":
        """The closings of boards with these windows, each [start_s, end_s)."""
        known = self._closings.get(boards)
        if known is None:
            if len(self._closings) >= _CACHE_SIZE:
                self._closings.clear()
            ends = {board: end_s for board, (_, end_s) in zip(boards, windows, strict=True)}
            known = self._closings[boards] = closings_of(ends)
        return known

    def registered(
        self, boards: tuple[str, ...], windows: Sequence[tuple[int, int]], states: States
    ) -> Mapping[Key, float]:
        """The changes that register those of the boards that are not closed yet."""
        closings, until_s = self._closings_of(boards, windows), until_of(states[CLOCK])
        if closings.first_s > until_s:  # mostly
            return closings.registered
        return {SortedSetMember(_REGISTER, board): float(at) for board, at in closings.times.items() if at > until_s}

    def record(
        self,
        boards: tuple[str, ...],
        windows: Sequence[tuple[int, int]],
        scores: Sequence[float | None],
        line: "CountedLine",
        states: States,
        catalog: Catalog,
        decision: Decision[bytes],
    ) -> None:
        """Registers the boards on which a line was counted, and writes corrections of those that are closed."""
        closings, until_s = self._closings_of(boards, windows), until_of(states[CLOCK])
        if closings.first_s > until_s:  # mostly
            decision.changes.update(closings.registered)
            return
        now = dict(zip(boards, scores, strict=True))
        for board, at in closings.times.items():
            if at > until_s:
                decision.changes[SortedSetMember(_REGISTER, board)] = float(at)
            elif correction := _correction(board, at, now[board], line, catalog):
                decision.outputs.append(Output(STANDINGS, correction, correction.program))

    def timer_keys(self, tick: ClockTicked, states: States, catalog: Catalog) -> Sequence[Key]:
        """What closing needs: the boards that are due first, then their members."""
        progress = unpack(states[CLOCK]).at_tick(to_ms(tick.occurred_at) // 1000)
        if progress.is_done:
            return ()
        return (_register(), *(StateGroup(board, raw=True) for board, _ in _turn(states, progress, catalog).declared))

    def close(self, tick: ClockTicked, states: States, catalog: Catalog, position: Position) -> Decision[bytes]:
        """Writes the parts of due boards, and reports once none is left."""
        progress = unpack(states[CLOCK]).at_tick(to_ms(tick.occurred_at) // 1000)
        decision: Decision[bytes] = Decision()
        turn = _Turn([], [], True) if progress.is_done else _turn(states, progress, catalog)
        for board, at in turn.declared:
            decision.outputs += self._part(board, at, states, tick, position)
        decision.changes.update({SortedSetMember(_REGISTER, board): None for board in turn.boards})
        is_last = turn.is_last
        if is_last and not progress.is_done:
            decision.outputs += self._reports(progress.until_s, tick, position)
        after = progress.finish() if is_last else progress
        decision.changes[CLOCK] = after.pack()
        decision.changes[Timer(CLOCK)] = float((after.until_s + QUARTER_S) * 1000 if is_last else 0)
        return decision

    def _part(self, board: str, at: int, states: States, tick: ClockTicked, position: Position) -> Iterator[Output]:
        """The lines of a board's part: its entries in slices."""
        name = PeriodBoard.parse(board)
        entries = [
            PartEntry(person_of(member), count_of(score), reached_at_of(score))
            for member, score in raw_scores(states, StateGroup(board, raw=True))
        ]
        digest = part_digest(entries)
        for first in range(0, len(entries), SLICE):
            line = BoardPartClosed(
                occurred_at=tick.occurred_at,
                program=name.program,
                metric=name.metric,
                kind=name.kind,
                period=name.period,
                source=self._source,
                part=position.partition,
                offset=position.offset,
                closes_at=to_datetime(at * 1000),
                count=len(entries),
                digest=digest,
                first=first,
                entries=tuple(entries[first : first + SLICE]),
            )
            yield Output(STANDINGS, line, name.program)

    def _reports(self, through_s: int, tick: ClockTicked, position: Position) -> Iterator[Output]:
        for partition in range(self._partitions):
            line = BoardPartsWritten(
                occurred_at=tick.occurred_at,
                source=self._source,
                part=position.partition,
                parts=self._partitions,
                offset=position.offset,
                through=to_datetime(through_s * 1000),
            )
            yield Output(STANDINGS, line, partition=partition)


def _register() -> StateGroup:
    return StateGroup(_REGISTER, most=_REGISTERED_OF_TICK)


def _turn(states: States, progress: ClosingProgress, catalog: Catalog) -> _Turn:
    """The boards that are due first; none while they are not loaded. Only those that their programs declare are closed."""
    try:
        registered = group_scores(states, _register())
    except KeyError:
        return _Turn([], [], True)
    due = [(board, int(at)) for board, at in registered if at <= progress.until_s]
    declared: list[tuple[str, int]] = []
    for number, (board, at) in enumerate(due, 1):
        if closing_terms(PeriodBoard.parse(board), at, catalog) is not None:
            declared.append((board, at))
        if len(declared) == _BOARDS_OF_TICK:
            return _Turn([one for one, _ in due[:number]], declared, False)
    return _Turn([board for board, _ in due], declared, len(due) < _REGISTERED_OF_TICK)


def _correction(
    board: str, at: int, score: float | None, line: "CountedLine", catalog: Catalog
) -> BoardCorrected | None:
    """The line about a change after the closing; None for a board whose prizes and draws it cannot change."""
    name = PeriodBoard.parse(board)
    terms = closing_terms(name, at, catalog)
    if terms is None or not terms.has_prizes:
        return None
    return BoardCorrected(
        occurred_at=line.occurred_at,
        program=name.program,
        metric=name.metric,
        kind=name.kind,
        period=name.period,
        participant=line.referrer,
        score=count_of(score) if score is not None else 0,
    )
