"""What a request is about: a program that is there, one of its boards, a period."""

from datetime import datetime
from typing import get_args

from leaderboard.domain.periods import UnknownPeriod, Window, window
from leaderboard.http_api.dependencies import dependencies
from referral.events.entities import Participant
from referral.events.program import BoardMetric
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.require import unknown_program

METRICS: tuple[str, ...] = get_args(BoardMetric)


def require_zone(program: str) -> str:
    """The zone of a program. Raises Problem 404 where there is no such program."""
    try:
        return dependencies().time_zones.zone_of(program, context().catalog)
    except LookupError:
        raise unknown_program(program) from None


def require_metric(metric: str) -> str:
    """A metric that boards are kept for. Raises Problem 404 for any other."""
    if metric not in METRICS:
        raise Problem(404, "unknown_board", f"There is no board {metric}. There are: {', '.join(METRICS)}.")
    return metric


def require_window(period: str, zone: str) -> Window:
    """The period meant, by name or by kind. Raises Problem 422 for what names none."""
    try:
        return window(period, context().clock.now_ms() // 1000, zone)
    except UnknownPeriod as error:
        raise Problem(422, "invalid", str(error), [{"pointer": "query:period", "detail": str(error)}]) from None


def find_participant(program: str, name: str) -> Participant | None:
    """Who is meant by a participant's id or the platform's own; None where the catalog does not know them (yet)."""
    catalog = context().catalog
    found = catalog.participant(name) if name.startswith("par_") else None
    found = found or catalog.participant_by_external(program, name)
    return found if found is not None and found.program == program else None


def period_fields(program: str, window: Window) -> dict[str, object]:
    """A SpanOut."""
    return {
        "program": program,
        "period": window.name,
        "starts_at": _boundary(window, window.start_s),
        "ends_at": _boundary(window, window.end_s),
    }


def _boundary(window: Window, second: int) -> datetime | None:
    return None if window.kind == "all" else to_datetime(second * 1000)
