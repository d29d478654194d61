"""Prizes of closed boards and of draws, as lines: awarded, and taken back from who turns out to be void."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from leaderboard.domain.closed_board import RankedBlock
from leaderboard.domain.closing_state import ClosingState
from leaderboard.domain.prize_ladder import (
    MAX_WINNERS,
    SPARE,
    Award,
    Ladder,
    LadderChange,
    award,
    last_prize,
    with_void,
)
from leaderboard.folds import closing_keys
from leaderboard.folds.closing_terms import ClosingTerms, PeriodBoard
from referral.events.standings import BoardCorrected, PrizeAwarded, PrizeRevoked
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Output, SortedSetMember
from referral.topics import STANDINGS

DAY_S = 86_400
BOARD = "board"
"""The name of the ladder of a board; a draw's ladder has the name of the draw."""


def award_board(
    name: PeriodBoard,
    terms: ClosingTerms,
    blocks: Sequence[RankedBlock],
    void: Iterable[str],
    occurred_at: datetime,
    decision: Decision[ClosingState],
) -> None:
    """Adds the prizes of a board that was just closed."""
    places = last_prize(terms.prizes)
    if not places:
        return
    entries = (entry.participant for block in blocks for entry in block.entries)
    ladder = Ladder(
        trigger=f"board:{name.metric}:{name.period}",
        version=terms.version.version,
        until_s=to_ms(occurred_at) // 1000 + terms.version.program.holding_days * DAY_S,
        candidates=tuple(one for one, _ in zip(entries, range(min(places, MAX_WINNERS) + SPARE), strict=False)),
        prizes=terms.prizes,
        void=tuple(void),
    )
    write_ladder(name, BOARD, award(ladder), occurred_at, decision)


def correct_ladders(line: BoardCorrected, ladders: dict[str, ClosingState], decision: Decision[ClosingState]) -> None:
    """Adds what a correction changes of the prizes of a board and of its draws."""
    name, second = PeriodBoard.of(line), to_ms(line.occurred_at) // 1000
    for id_, ladder in ladders.items():
        if isinstance(ladder, Ladder):
            change = with_void(ladder, line.participant, void=line.score == 0, second=second)
            if change.ladder != ladder:
                write_ladder(name, id_, change, line.occurred_at, decision)


def write_ladder(
    name: PeriodBoard, id_: str, change: LadderChange, occurred_at: datetime, decision: Decision[ClosingState]
) -> None:
    """Adds a ladder's state, and the lines of what was taken back and awarded."""
    group = closing_keys.ladders(name.key)
    decision.changes[f"{group.prefix}{id_}"] = change.ladder
    decision.changes[SortedSetMember(group.sorted_set, id_)] = 0.0
    awarded = {one.participant for one in change.awarded}
    lines = [
        _revocation_line(name, change.ladder, one, occurred_at, moved=one.participant in awarded)
        for one in change.revoked
    ]
    outputs = [*lines, *(_award_line(name, change.ladder, one, occurred_at) for one in change.awarded)]
    decision.outputs += [Output(STANDINGS, line, line.program) for line in outputs]


def _award_line(name: PeriodBoard, ladder: Ladder, one: Award, occurred_at: datetime) -> PrizeAwarded:
    return PrizeAwarded(
        occurred_at=occurred_at,
        program=name.program,
        metric=name.metric,
        kind=name.kind,
        period=name.period,
        place=one.place,
        participant=one.participant,
        prize=one.prize.prize,
        rule=one.prize.rule,
        version=ladder.version,
        trigger=ladder.trigger,
        draw=ladder.draw,
    )


def _revocation_line(
    name: PeriodBoard, ladder: Ladder, one: Award, occurred_at: datetime, *, moved: bool
) -> PrizeRevoked:
    return PrizeRevoked(
        occurred_at=occurred_at,
        program=name.program,
        metric=name.metric,
        kind=name.kind,
        period=name.period,
        participant=one.participant,
        prize=one.prize.prize,
        rule=one.prize.rule,
        trigger=ladder.trigger,
        reason="moved" if moved else "void",
        draw=ladder.draw,
    )
