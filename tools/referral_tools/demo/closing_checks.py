"""Verifies every closed board against the log, the proofs of some of its people, and a draw among its entries.

The oracle recomputes a board from the conversions on the log, up to the positions that its closing names. Proofs and the draw are
verified as anyone verifies them, without the system.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from referral.events.program import Program
from referral.events.standings import CLOSING_DELAY_S, BoardClosed
from referral.verification.board_proof import ClosedRoot, proof_mistake
from referral.verification.draw_proof import DrawFile, draw_mistake
from referral_tools.campaign.staged_program import DRAW
from referral_tools.demo.comparison import ComparisonResult
from referral_tools.demo.system_figures import SystemFigures
from referral_tools.oracle import (
    BoardPlace,
    BoardStep,
    ClosedPlace,
    HeldDraw,
    closed_rows,
    draw_people,
    merkle_root,
)

_PROOFS = 3  # of each board


@dataclass(frozen=True, slots=True)
class ClosingResults:
    """What was verified: closed boards, those that hold, proofs of ranks, and draws. `draws` are as the oracle drew them."""

    closed: int
    verified: int
    proofs: int
    draws_held: int
    draws_verified: int
    draws: Sequence[HeldDraw] = ()


def last_closed_month(lines: Iterable[BoardClosed]) -> str | None:
    """The last month with a closed board, such as 2026-11."""
    return max((line.period for line in lines if _kind(line.period) == "month"), default=None)


def verify_closings(
    readings: SystemFigures,
    program: Program,
    lines: Sequence[BoardClosed],
    steps: Sequence[BoardStep],
    draw: tuple[DrawFile, bytes] | None,
    seed: int,
) -> ClosingResults:
    """Verifies the closings of the program's boards, and the draw that was held with a secret, if one was."""
    zone = ZoneInfo(program.timezone)
    boards = {line.period: closed_rows(steps, line.period, _offsets(line), zone) for line in lines}
    dice = Random(seed)  # a sample  # nosec B311
    proven = [_proven(readings, line, boards[line.period], dice) for line in lines]
    held = [_held_draw(program, *draw, boards)] if draw else []
    return ClosingResults(
        closed=len(lines),
        verified=sum(one is not None for one in proven),
        proofs=sum(one or 0 for one in proven),
        draws_held=len(held),
        draws_verified=sum(one is not None for one in held),
        draws=[one for one in held if one is not None],
    )


def compare_closings(
    verdict: ComparisonResult, results: ClosingResults, boards: Mapping[str, Sequence[BoardPlace]], until: datetime
) -> None:
    """Whether every board is closed that is due at `until`, and holds."""
    due = [period for period in boards if period != "all" and _closes_at(period, until) <= until]
    verdict.compare("boards closed", results.closed, len(due))
    verdict.compare(f"· root, entries and {results.proofs} proofs verified", results.verified, results.closed)
    verdict.compare("draws verified", results.draws_verified, results.draws_held)


def _proven(readings: SystemFigures, line: BoardClosed, places: Sequence[ClosedPlace], dice: Random) -> int | None:
    """How many proofs of a board were verified; None if its root, its entries or a proof differs from the log."""
    root, found = merkle_root([one.leaf for one in places]).hex(), readings.closing(line.period)
    entries = [ClosedPlace(one.rank, one.participant, one.score, one.reached_at) for one in found.ranks]
    if not (root == line.root == found.root and entries == list(places)):
        return None
    published = ClosedRoot(
        program=line.program, metric=line.metric, kind=line.kind, period=line.period, entries=len(places), root=root
    )
    sample = dice.sample(list(places), min(_PROOFS, len(places)))
    proofs = [readings.rank_proof(line.period, one.participant) for one in sample]
    ranks = [(one.participant, one.rank) for one in sample]
    hold = ranks == [(one.participant, one.rank) for one in proofs]
    return len(proofs) if hold and not any(proof_mistake(one, published) for one in proofs) else None


def _held_draw(
    program: Program, draw: DrawFile, secret: bytes, boards: Mapping[str, Sequence[ClosedPlace]]
) -> HeldDraw | None:
    """The draw as the oracle draws it; None if the system drew otherwise, or what it shows does not verify."""
    record = draw.record
    rule = next((one for one in program.draws if one.id == record.draw), None)
    places = boards.get(record.period, ())
    if rule is None or not places or draw_mistake(draw) is not None:
        return None
    drawn = draw_people(places, secret, rule.winners + rule.alternates)
    if drawn != [*record.winners, *record.alternates]:
        return None
    return HeldDraw(rule.reward, DRAW, record.period, rule.winners, drawn)


def _offsets(line: BoardClosed) -> dict[int, int]:
    return {part.part: part.offset for part in line.parts}


def _kind(period: str) -> str:
    return "week" if "W" in period else "day" if period.count("-") == 2 else "month"


def _closes_at(period: str, zoned: datetime) -> datetime:
    """When the board of a period is closed; `zoned` has the program's time zone."""
    formats = {"day": ("%Y-%m-%d", period), "week": ("%G-W%V-%u", f"{period}-1"), "month": ("%Y-%m-%d", f"{period}-01")}
    layout, first_day = formats[_kind(period)]
    first = datetime.strptime(first_day, layout).replace(tzinfo=zoned.tzinfo)
    days = {"day": 1, "week": 7}.get(_kind(period), 32)
    end = first + timedelta(days=days)
    return (end.replace(day=1) if _kind(period) == "month" else end) + timedelta(seconds=CLOSING_DELAY_S)
