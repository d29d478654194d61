"""How far the closing of boards is behind, as levels for the exporter."""

from leaderboard.closing_store import ClosingStore
from leaderboard.domain.board_metrics import closing_folds
from referral.telemetry.level_exporter import Levels

SOURCES = closing_folds()
"""The folds whose boards are closed."""


def read_closing_levels(closings: ClosingStore, now_ms: int) -> Levels:
    """Returns how long the oldest due board and draw have waited, and how far each partition is behind the one furthest."""
    levels: Levels = {}
    waiting = [at for source in SOURCES if (at := closings.oldest_waiting_s(source)) is not None]
    levels["board_closing_delay_seconds", ()] = max(0.0, now_ms / 1000 - min(waiting)) if waiting else 0.0
    awaited = closings.oldest_awaited_s()
    levels["draw_waiting_seconds", ()] = max(0.0, now_ms / 1000 - awaited) if awaited is not None else 0.0
    for source in SOURCES:
        reported = closings.reports(source)
        if reported is None:
            continue
        furthest = max(reported.through.values())
        for part in range(reported.parts):
            behind = furthest - reported.through.get(part, 0)
            levels["board_parts_behind_seconds", (source, str(part))] = float(behind)
    return levels
