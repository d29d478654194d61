"""A closed board on the board page: the frozen ranks, what later corrections made of them, and the proof of the reader's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from leaderboard.board_store import board_name
from leaderboard.domain.closing_state import ClosedBoard
from leaderboard.domain.periods import Window
from leaderboard.domain.ranking import BoardEntry, BoardSlice, RankedEntry
from leaderboard.domain.score import score_of
from leaderboard.folds.closing_terms import PeriodBoard
from leaderboard.http_api.dependencies import dependencies
from referral.events.board_rules import BoardMetric
from referral.events.standings import ClosedEntry
from referral.verification.board_proof import RankProof

MAX_SEARCHED = 65_536
"""Entries of a closed board in which the page looks for the reader: 2 MB. The API finds them on larger ones."""


@dataclass(frozen=True, slots=True)
class ClosedView:
    """What the page shows of a closed board. `now` is what counts now for each person in the slices."""

    closed: ClosedBoard
    top: BoardSlice
    around: BoardSlice | None
    now: Mapping[str, int]


def closed_view(
    program: str, metric: BoardMetric, window: Window, now_s: int, me: str | None, most: int
) -> ClosedView | None:
    """Returns the closed board of followers, its first `most` entries and the reader's place; None if it is not closed."""
    if window.kind == "all" or now_s < window.end_s:
        return None
    name = PeriodBoard(program, metric, "follower", window.name)
    closings = dependencies().closings
    closed = closings.board(name)
    if closed is None:
        return None
    top = _slice(closings.entries(name, 0, most), closed)
    proof = own_proof(name, me) if me else None
    around = _slice(closings.entries(name, max(0, proof.rank - 2), 2), closed) if proof else None
    people = {ranked.entry.participant for part in (top, around) if part for ranked in part.entries}
    now = dependencies().boards.counts(program, board_name(program, metric, window.name), people)
    return ClosedView(closed, top, around, {one: now.get(one, 0) for one in people})


def own_proof(name: PeriodBoard, me: str) -> RankProof | None:
    """Returns the proof of a person's rank; None without one, and on a board that is too large for a page."""
    closings = dependencies().closings
    closed = closings.board(name)
    return closings.proof(name, me) if closed is not None and closed.entries <= MAX_SEARCHED else None


def _slice(entries: list[ClosedEntry], closed: ClosedBoard) -> BoardSlice:
    ranked = [
        RankedEntry(one.rank, BoardEntry.of(score_of(one.score, one.reached_at), one.participant)) for one in entries
    ]
    return BoardSlice(ranked, closed.entries)
