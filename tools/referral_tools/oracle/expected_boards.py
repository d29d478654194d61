"""Boards: how many standing referrals each referrer has in each period, and in which order they stand."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from referral_tools.oracle.expected_attribution import ExpectedReferral


@dataclass(frozen=True, slots=True)
class BoardPlace:
    """One row of a board; `reached_at` in whole seconds since the epoch, as the score keeps it."""

    rank: int
    participant: str
    external_id: str
    score: int
    reached_at: int


def boards(referrals: Iterable[ExpectedReferral], zone: ZoneInfo) -> dict[str, list[BoardPlace]]:
    """Every board that has a row, by period: `2026-11-03`, `2026-W45`, `2026-11` and `all`."""
    by_period: dict[str, list[ExpectedReferral]] = defaultdict(list)
    for referral in referrals:
        for period in periods(referral.qualified_at, zone) if referral.qualified_at else ():
            by_period[period].append(referral)
    return {period: _rank(standing) for period, standing in sorted(by_period.items())}


def periods(moment: datetime, zone: ZoneInfo) -> tuple[str, str, str, str]:
    """Day, ISO week, month and all-time, in the program's time zone."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d}", f"{local:%G-W%V}", f"{local:%Y-%m}", "all"


def _rank(standing: list[ExpectedReferral]) -> list[BoardPlace]:
    """More referrals first, then who had them all first (to the second), then by participant id."""
    times: dict[tuple[str, str], list[int]] = defaultdict(list)
    for referral in standing:
        if referral.referrer and referral.qualified_at:
            owner = referral.referrer.id, referral.referrer.external_id
            times[owner].append(int(referral.qualified_at.timestamp()))
    rows = sorted((-len(reached), max(reached), *owner) for owner, reached in times.items())
    return [BoardPlace(rank, row[2], row[3], -row[0], row[1]) for rank, row in enumerate(rows, start=1)]
