"""Parameters of requests: query schemas, and what program, metric, period and person refer to."""

from typing import get_args

from marshmallow import Schema, fields, validate

from leaderboard.domain.board_metrics import BOARD_METRICS
from leaderboard.domain.periods import FIRST_YEAR, HOW_TO_NAME_ONE, LAST_YEAR, UnknownPeriod, Window, window
from leaderboard.http_api.dependencies import dependencies
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.entities import Participant
from referral.http.context import context
from referral.http.paging import PageQuery
from referral.http.problems import Problem
from referral.http.require import unknown_program

KIND_DESCRIPTION = "`follower` or `partner`. Partners have boards of their own; followers compete among themselves."
_PERIOD_DESCRIPTION = (
    "`day`, `week`, `month` or `all`: the current one in the program's time zone. Or a period by name: 2026-11-24, "
    f"2026-W48 (ISO week), 2026-11, from {FIRST_YEAR} to {LAST_YEAR}."
)


class PeriodQuery(Schema):
    """The period."""

    period = fields.Str(
        load_default="all",
        validate=validate.Length(1, 16, error=f"Not a period: {HOW_TO_NAME_ONE}"),
        metadata={"description": _PERIOD_DESCRIPTION, "example": "month"},
    )


class KindQuery(Schema):
    """Among whom they are ranked."""

    kind = fields.Str(
        load_default="follower",
        validate=validate.OneOf(get_args(ReferrerKind)),
        metadata={"description": KIND_DESCRIPTION},
    )


class BoardQuery(PeriodQuery, PageQuery, KindQuery):
    """The part of a board to return."""


class ClosingQuery(PageQuery, KindQuery):
    """The part of a closed board to return."""


class AroundQuery(PeriodQuery):
    """How many entries around a person to return."""

    around = fields.Int(
        load_default=5, validate=validate.Range(0, 50), metadata={"description": "Entries on each side, 0 to 50."}
    )


def require_zone(program: str) -> str:
    """Returns the IANA time zone of a program. Raises Problem 404 for an unknown program."""
    try:
        return dependencies().time_zones.zone_of(program, context().catalog)
    except LookupError:
        raise unknown_program(program) from None


def require_metric(name: str) -> BoardMetric:
    """Returns the board metric of this name. Raises Problem 404 for any other name."""
    for metric in BOARD_METRICS:
        if metric == name:
            return metric
    raise Problem(404, "unknown_board", f"Unknown board {name!r}. Boards: {', '.join(BOARD_METRICS)}.")


def require_window(period: str, zone: str) -> Window:
    """Returns a period by name or kind. Raises Problem 422 if there is none."""
    try:
        return window(period, context().clock.now_ms() // 1000, zone)
    except UnknownPeriod as error:
        raise Problem(422, "invalid", str(error), [{"pointer": "query:period", "detail": str(error)}]) from None


def find_participant(program: str, person: str) -> Participant | None:
    """Returns a program's participant by their person id, or None if the catalog does not know them."""
    found = context().catalog.participant(person)
    return found if found is not None and found.program == program else None
