"""Parts of boards → closed boards, prizes and draws. State: the parts that wait, the closed boards, who has won what.

A board is closed once each partition of the fold that wrote its parts has reported that it has written them, in order of the log. A
report that is missing delays it: nothing is closed with a part left out.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never, get_args

from msgspec import Struct

from leaderboard.domain.closed_board import RankedBlock, block_roots, first_entries, join_parts
from leaderboard.domain.closing_state import (
    ArrivedParts,
    ClosedBoard,
    ClosingState,
    DrawState,
    PartSlice,
    ReportedParts,
)
from leaderboard.folds import closing_keys
from leaderboard.folds.closing_terms import PeriodBoard, closing_terms
from leaderboard.folds.draw_lines import commit_draw, hold_draw
from leaderboard.folds.prize_lines import award_board, correct_ladders
from referral.catalog.view import Catalog
from referral.events.experiments import ExperimentEvent, ExperimentLine, ExperimentPersonBanned
from referral.events.line import ClockTicked
from referral.events.standings import (
    TOP,
    BoardClosed,
    BoardCorrected,
    BoardPartClosed,
    BoardPartsWritten,
    DrawCommitted,
    DrawHeld,
    DrawRandomnessGiven,
    JoinedPart,
    PartEntry,
    PrizeAwarded,
    PrizeRevoked,
    StandingLine,
)
from referral.events.timestamps import to_ms
from referral.fold.fold import (
    Decision,
    Key,
    Measurement,
    Output,
    Position,
    SortedSetMember,
    StateGroup,
    Timer,
    group_members,
    group_scores,
)
from referral.topics import STANDINGS, Topic
from referral.verification.merkle_tree import root_of

States = Mapping[Key, ClosingState | float | None]
_BOARDS_OF_TICK = 2000  # so that a tick takes seconds, however many boards close; the next tick goes on


class ClosingsFold:
    """Joins parts into closed boards, awards their prizes, commits to draws and holds them."""

    name = closing_keys.CLOSINGS
    service = closing_keys.SERVICE
    source: Topic = STANDINGS
    outputs: Sequence[Topic] = (STANDINGS,)
    ignored: Sequence[type[Struct]] = (
        BoardClosed,
        PrizeAwarded,
        PrizeRevoked,
        DrawCommitted,
        DrawHeld,
        *get_args(ExperimentLine),
    )
    state: object = ClosingState
    keeps_order = False
    first_timers: Mapping[str, ClosingState] = {}

    def keys(self, line: StandingLine) -> Sequence[Key]:
        """The states that a line changes."""
        match line:
            case BoardPartClosed():
                board = PeriodBoard.of(line).key
                return closing_keys.parts(board), closing_keys.closed_board(board)
            case BoardPartsWritten():
                return (closing_keys.reports(line.source),)
            case BoardCorrected():
                return (closing_keys.ladders(PeriodBoard.of(line).key),)
            case DrawRandomnessGiven():
                board = PeriodBoard.of(line).key
                return closing_keys.draw(board, line.draw), closing_keys.blocks(board), closing_keys.void(board)
            case (
                BoardClosed()
                | PrizeAwarded()
                | PrizeRevoked()
                | DrawCommitted()
                | DrawHeld()
                | ExperimentEvent()
                | ExperimentPersonBanned()
                | ClockTicked()
            ):
                return ()
            case _:
                assert_never(line)

    def decide(
        self, line: StandingLine, states: States, catalog: Catalog, position: Position
    ) -> Decision[ClosingState]:
        """Returns what a line changes. Raises InvalidRandomness for what a draw has not committed to."""
        match line:
            case BoardPartClosed():
                return _with_part(line, states)
            case BoardPartsWritten():
                return _with_report(line, states)
            case BoardCorrected():
                return _with_correction(line, states)
            case DrawRandomnessGiven():
                return _with_randomness(line, states)
            case (
                BoardClosed()
                | PrizeAwarded()
                | PrizeRevoked()
                | DrawCommitted()
                | DrawHeld()
                | ExperimentEvent()
                | ExperimentPersonBanned()
                | ClockTicked()
            ):
                return Decision()
            case _:
                assert_never(line)

    def timer_keys(self, tick: ClockTicked, key: str, states: States, catalog: Catalog) -> Sequence[Key]:
        """The boards whose parts are complete, then their parts."""
        boards = [board for board, _ in _complete(key, states)]
        parts = [
            one
            for board in boards
            for one in (closing_keys.parts(board), closing_keys.slices(board), closing_keys.void(board))
        ]
        return _waiting(key), *parts

    def on_timer_with(
        self, tick: ClockTicked, key: str, states: States, catalog: Catalog, position: Position
    ) -> Decision[ClosingState]:
        """Closes the boards whose parts are complete."""
        complete = _complete(key, states)
        decision: Decision[ClosingState] = Decision(
            measurements=[Measurement("boards_closed", (PeriodBoard.parse(board).metric,)) for board, _ in complete]
        )
        for board, at in complete:
            _close(board, at, states, tick, catalog, decision)
            decision.changes[SortedSetMember(_waiting(key).sorted_set, board)] = None
        if len(complete) == _BOARDS_OF_TICK:
            decision.changes[Timer(key)] = 0.0
        return decision


def _waiting(key: str) -> StateGroup:
    return StateGroup(closing_keys.waiting_boards(closing_keys.source_of(key)), most=_BOARDS_OF_TICK)


def _complete(key: str, states: States) -> list[tuple[str, int]]:
    """The boards of a source that all partitions have written, with when each closes; none while they are not loaded."""
    reported = states[key]
    try:
        registered = group_scores(states, _waiting(key))
    except KeyError:
        return []
    until_s = reported.complete_until_s if isinstance(reported, ReportedParts) else 0
    return [(board, int(at)) for board, at in registered if at <= until_s]


def _with_part(line: BoardPartClosed, states: States) -> Decision[ClosingState]:
    """A slice of a part, once; a part of a board that is closed already changes nothing."""
    board = PeriodBoard.of(line).key
    known = states[closing_keys.parts(board)]
    before = known if isinstance(known, ArrivedParts) else ArrivedParts()
    if states[closing_keys.closed_board(board)] is not None or before.entries.get(line.part, 0) != line.first:
        return Decision()
    parts = before.parts | {line.part: JoinedPart(line.part, line.offset, line.count, line.digest)}
    entries = before.entries | {line.part: line.first + len(line.entries)}
    name, slices = closing_keys.slice_name(line.part, line.first), closing_keys.slices(board)
    return Decision(
        {
            closing_keys.parts(board): ArrivedParts(parts, entries),
            SortedSetMember(closing_keys.waiting_boards(line.source), board): to_ms(line.closes_at) / 1000,
            SortedSetMember(slices.sorted_set, name): 0.0,
            f"{slices.prefix}{name}": PartSlice(line.entries),
        }
    )


def _with_report(line: BoardPartsWritten, states: States) -> Decision[ClosingState]:
    key = closing_keys.reports(line.source)
    known = states[key]
    before = known if isinstance(known, ReportedParts) else ReportedParts()
    after = before.with_report(line.part, line.parts, to_ms(line.through) // 1000)
    decision: Decision[ClosingState] = Decision({key: after})
    if after.complete_until_s > before.complete_until_s:
        decision.changes[Timer(key)] = 0.0
    return decision


def _with_correction(line: BoardCorrected, states: States) -> Decision[ClosingState]:
    board = PeriodBoard.of(line).key
    void = SortedSetMember(closing_keys.void(board).sorted_set, line.participant)
    decision: Decision[ClosingState] = Decision({void: None if line.score else 1.0})
    correct_ladders(line, group_members(states, closing_keys.ladders(board)), decision)
    return decision


def _with_randomness(line: DrawRandomnessGiven, states: States) -> Decision[ClosingState]:
    board = PeriodBoard.of(line).key
    draw = states[closing_keys.draw(board, line.draw)]
    if not isinstance(draw, DrawState):
        raise LookupError(f"no draw {line.draw} among the entries of {board} is committed to")
    return hold_draw(line, draw, _blocks_of(board, states), _void(board, states))


def _blocks_of(board: str, states: States) -> list[RankedBlock]:
    """The blocks of a closed board, by their numbers."""
    blocks = group_members(states, closing_keys.blocks(board)).values()
    return [block for block in blocks if isinstance(block, RankedBlock)]


def _void(board: str, states: States) -> tuple[str, ...]:
    return tuple(sorted(participant for participant, _ in group_scores(states, closing_keys.void(board))))


def _close(
    board: str, at: int, states: States, tick: ClockTicked, catalog: Catalog, decision: Decision[ClosingState]
) -> None:
    """Adds the closing of a board: its line, its blocks, its prizes and its draws."""
    name, arrived = PeriodBoard.parse(board), states[closing_keys.parts(board)]
    if not isinstance(arrived, ArrivedParts):
        return
    blocks = join_parts(_parts_of(board, states))
    roots = block_roots(blocks)
    closed = ClosedBoard(
        closed_at_s=to_ms(tick.occurred_at) // 1000,
        entries=sum(len(block.entries) for block in blocks),
        root=root_of(roots).hex(),
        parts=tuple(arrived.parts[part] for part in sorted(arrived.parts)),
        block_roots=b"".join(roots),
    )
    decision.changes[closing_keys.closed_board(board)] = closed
    decision.outputs.append(Output(STANDINGS, _closed_line(name, closed, blocks, tick), name.program))
    _store_blocks(board, blocks, decision)
    _forget_parts(board, states, decision)
    terms = closing_terms(name, at, catalog)
    if terms is not None:
        award_board(name, terms, blocks, _void(board, states), tick.occurred_at, decision)
        for draw in terms.draws:
            commit_draw(name, closed, terms, draw, blocks, tick.occurred_at, decision)


def _parts_of(board: str, states: States) -> list[list[PartEntry]]:
    """The entries of each part in order."""
    parts: dict[str, list[PartEntry]] = {}
    for name, one in group_members(states, closing_keys.slices(board)).items():
        if isinstance(one, PartSlice):
            parts.setdefault(closing_keys.part_of_slice(name), []).extend(one.entries)
    return list(parts.values())


def _store_blocks(board: str, blocks: Sequence[RankedBlock], decision: Decision[ClosingState]) -> None:
    stored = closing_keys.blocks(board)
    for number, block in enumerate(blocks):
        decision.changes[f"{stored.prefix}{number}"] = block
        decision.changes[SortedSetMember(stored.sorted_set, str(number))] = float(number)


def _forget_parts(board: str, states: States, decision: Decision[ClosingState]) -> None:
    slices = closing_keys.slices(board)
    decision.changes[closing_keys.parts(board)] = None
    for name in group_members(states, slices):
        decision.changes[f"{slices.prefix}{name}"] = None
        decision.changes[SortedSetMember(slices.sorted_set, name)] = None


def _closed_line(
    name: PeriodBoard, closed: ClosedBoard, blocks: Sequence[RankedBlock], tick: ClockTicked
) -> BoardClosed:
    return BoardClosed(
        occurred_at=tick.occurred_at,
        program=name.program,
        metric=name.metric,
        kind=name.kind,
        period=name.period,
        entries=closed.entries,
        root=closed.root,
        parts=closed.parts,
        top=first_entries(blocks, TOP),
    )
