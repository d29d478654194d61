"""Parameters of requests: query schemas, and what program, metric, period and person refer to."""

from typing import get_args

from marshmallow import Schema, validate
from webargs import fields

from leaderboard.board_history import MAX_ENTRIES
from leaderboard.domain.board_metrics import BOARD_METRICS
from leaderboard.domain.periods import FIRST_YEAR, HOW_TO_NAME_ONE, LAST_YEAR, UnknownPeriod, Window, window
from leaderboard.folds.campaigns import campaign_of
from leaderboard.http_api.dependencies import dependencies
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.entities import Participant
from referral.http.context import context
from referral.http.paging import PageQuery
from referral.http.problems import Problem
from referral.http.require import unknown_program
from referral.validation.fields import UtcDateTime

KIND_DESCRIPTION = "`follower` or `partner`. Partners have boards of their own; followers compete among themselves."
MAX_BOARDS = 10
HOW_TO_NAME_BOARDS = (
    f"1 to {MAX_BOARDS} boards, separated by commas, each written metric:period, such as referrals:month,posts:2026-W48"
)
_PERIOD_DESCRIPTION = (
    "`day`, `week`, `month` or `all`: the current one in the program's time zone. `campaign`: the program's. Or a period"
    " by name: 2026-11-24, "
    f"2026-W48 (ISO week), 2026-11, from {FIRST_YEAR} to {LAST_YEAR}."
)


class PeriodQuery(Schema):
    """The period."""

    period = fields.Str(
        load_default="all",
        validate=validate.Length(1, 16, error=f"Not a period: {HOW_TO_NAME_ONE}"),
        metadata={"description": _PERIOD_DESCRIPTION, "example": "month"},
    )


class AtQuery(Schema):
    """The time of a board."""

    at = UtcDateTime(
        format="iso",
        load_default=None,
        metadata={
            "description": "The board as it was at this time, by what counts now: what was taken away since is not on it. Exact to"
            f" the second; clicks to the last full quarter of an hour. For boards of at most {MAX_ENTRIES:,} entries.",
            "example": "2026-11-24T08:00:00Z",
        },
    )


class KindQuery(Schema):
    """Whose board."""

    kind = fields.Str(
        load_default="follower",
        validate=validate.OneOf(get_args(ReferrerKind)),
        metadata={"description": KIND_DESCRIPTION},
    )


class BoardQuery(PeriodQuery, AtQuery, KindQuery, PageQuery):
    """The part of a board to return."""


class ClosingQuery(PageQuery, KindQuery):
    """The part of a closed board to return."""


class BoardsQuery(AtQuery, KindQuery):
    """Which boards to return, and how many entries of each."""

    boards = fields.DelimitedList(
        fields.Str(validate=validate.Regexp("^[a-z_]{1,32}:[A-Za-z0-9-]{1,16}$", error=HOW_TO_NAME_BOARDS)),
        required=True,
        validate=validate.Length(1, MAX_BOARDS, error=HOW_TO_NAME_BOARDS),
        metadata={"description": f"{HOW_TO_NAME_BOARDS}.", "example": ["referrals:month", "posts:2026-W48"]},
    )
    limit = fields.Int(
        load_default=10, validate=validate.Range(1, 100), metadata={"description": "Entries of each board, 1 to 100."}
    )


class AroundQuery(PeriodQuery, AtQuery):
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


def require_window(period: str, zone: str, second: int | None = None) -> Window:
    """Returns a period by name, or the one of a kind that contains a second (now). Raises Problem 422 if there is none."""
    try:
        return window(period, context().clock.now_ms() // 1000 if second is None else second, zone)
    except UnknownPeriod as error:
        raise Problem(422, "invalid", str(error), [{"pointer": "query:period", "detail": str(error)}]) from None


def require_period(program: str, period: str, second: int | None = None) -> Window:
    """Returns a period of a program: by name, or the one of a kind that contains a second (now).

    Raises Problem 404 for an unknown program, and 422 for a period that it does not have.
    """
    zone = require_zone(program)
    if period != "campaign":
        return require_window(period, zone, second)
    campaign = campaign_of(program, zone, context().catalog)
    if campaign is None:
        detail = f"{program} has no campaign. Declare its days in the program file, or ask for another period."
        raise Problem(422, "invalid", detail, [{"pointer": "query:period", "detail": detail}])
    return campaign


def find_participant(program: str, person: str) -> Participant | None:
    """Returns a program's participant by their person id, or None if the catalog does not know them."""
    found = context().catalog.participant(person)
    return found if found is not None and found.program == program else None
