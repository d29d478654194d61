"""When the demo expects a board to be closed."""

from datetime import datetime
from zoneinfo import ZoneInfo

from referral_tools.demo.closing_checks import ClosingResults, compare_closings
from referral_tools.demo.comparison import ComparisonResult
from referral_tools.oracle import BoardPlace

UNTIL = datetime(2026, 12, 2, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
PLACE = [BoardPlace(1, "psn_a", "xhs:a", 1, 0)]


def differing(closed: int, verified: int, *periods: str) -> list[str]:
    """The figures that differ, with boards of these periods."""
    verdict = ComparisonResult()
    results = ClosingResults(closed, verified, proofs=3, draws_held=1, draws_verified=1)
    compare_closings(verdict, results, dict.fromkeys(periods, PLACE), UNTIL)
    return [row.figure for row in verdict.rows if not row.agrees]


def test_a_board_is_due_a_day_after_its_end() -> None:
    """Of days, ISO weeks and months; all time never."""
    due = ["2026-11-30", "2026-W48", "2026-11"]
    assert differing(3, 3, *due, "2026-12-01", "2026-W49", "2026-12", "all") == []
    assert differing(2, 2, *due) == ["boards closed"]


def test_a_board_that_does_not_hold_shows() -> None:
    """Its root, an entry or a proof is not what the log says."""
    assert differing(1, 0, "2026-11-30") == ["· root, entries and 3 proofs verified"]
