"""Figures: each insight over a range of days, beside the range before, as JSON or CSV, and how it is counted."""

from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any, get_args

from flask import Response, g
from marshmallow import Schema, validate
from webargs import fields

from leaderboard.domain.date_range import FIRST_YEAR, LAST_YEAR, MAX_DAYS, DateRange, Unit
from leaderboard.domain.figure_table import FIGURES, Dimension, FigureId
from leaderboard.domain.periods import day_name
from leaderboard.http_api.annotation_reader import read_annotations
from leaderboard.http_api.costly_reads import is_costly
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.figure_responses import (
    ExplanationResponse,
    FigureResponse,
    FiguresResponse,
    figure_explanation,
    figure_response,
    figure_summaries,
)
from leaderboard.http_api.figure_rows import figure_csv_text
from leaderboard.http_api.requests import require_zone
from leaderboard.insight_reader import DEFAULT_WINDOW_DAYS, MAX_WINDOW_DAYS, FigureQuery, FigureReading, InvalidQuery
from leaderboard.insight_store import MAX_BOARD_ENTRIES, TooManyEntries
from leaderboard.spread_store import MAX_REFERRERS, TooManyReferrers
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.responses import response
from referral.validation.fields import MustBe

DEFAULT_DAYS = 28
_TOO_MANY = "This API key has too many figures computed that read many people; see Retry-After."
_TOO_MANY_IN_ALL = "Redis is unavailable, or too many such figures are computed for all; see Retry-After."
blueprint = Blueprint("figures", __name__)
YEARS = MustBe(lambda day: FIRST_YEAR <= day.year <= LAST_YEAR, f"be in the years {FIRST_YEAR} to {LAST_YEAR}", str)


class FigureParameters(Schema):
    """The range of days, its points, and how to split it."""

    first = fields.Date(
        data_key="from",
        load_default=None,
        validate=YEARS,
        metadata={
            "description": f"The first day, in the program's time zone; {DEFAULT_DAYS} days before `to` by default.",
            "example": "2026-11-01",
        },
    )
    last = fields.Date(
        data_key="to",
        load_default=None,
        validate=YEARS,
        metadata={
            "description": f"The last day, included; today by default. At most {MAX_DAYS} days in all.",
            "example": "2026-11-28",
        },
    )
    unit = fields.Str(
        load_default="day",
        validate=validate.OneOf(get_args(Unit)),
        metadata={
            "description": "What a point covers. `week` (ISO) and `month` extend the range to whole ones; `all` is one point."
        },
    )
    by = fields.Str(
        load_default=None,
        validate=validate.OneOf(get_args(Dimension)),
        metadata={"description": "The dimension by which the figure is split, if it has it."},
    )
    window = fields.Int(
        load_default=DEFAULT_WINDOW_DAYS,
        validate=validate.Range(1, MAX_WINDOW_DAYS),
        metadata={
            "description": "Days from a person's follow on in which their friends count for K and the cycle time; people are"
            f" measured once it is over. 1 to {MAX_WINDOW_DAYS}."
        },
    )


@blueprint.get("/v1/programs/<program>/insights/figures")
@requires("read")
@response(FiguresResponse)
@blueprint.alt_response(404, description="Unknown program.")
def figures(program: str) -> FiguresResponse:
    """The figures that there are, in the order of a report."""
    require_zone(program)
    return FiguresResponse(items=figure_summaries())


@blueprint.get("/v1/programs/<program>/insights/<figure>")
@requires("read")
@blueprint.arguments(FigureParameters, location="query")
@response(FigureResponse)
@blueprint.alt_response(404, description="Unknown program or figure.")
@blueprint.alt_response(422, description="The range is too long, or the figure cannot be split in this way.")
@blueprint.alt_response(429, description=_TOO_MANY)
@blueprint.alt_response(503, description=_TOO_MANY_IN_ALL)
def figure(query: dict[str, Any], program: str, figure: str) -> FigureResponse:
    """A figure over a range of days: for each day, week or month, for the whole range, and for the range before."""
    reading, zone = read_figure(query, program, require_figure(figure)), require_zone(program)
    return figure_response(program, zone, reading, _now(), read_annotations(program, zone, reading.days))


@blueprint.get("/v1/programs/<program>/insights/<figure>.csv")
@requires("read")
@blueprint.arguments(FigureParameters, location="query")
@blueprint.response(200, content_type="text/csv")
@blueprint.alt_response(404, description="Unknown program or figure.")
@blueprint.alt_response(422, description="The range is too long, or the figure cannot be split in this way.")
@blueprint.alt_response(429, description=_TOO_MANY)
@blueprint.alt_response(503, description=_TOO_MANY_IN_ALL)
def figure_csv(query: dict[str, Any], program: str, figure: str) -> Response:
    """The same as CSV: a row for each point, for the whole range and for the range before. Each names query, period and zone."""
    reading = read_figure(query, program, require_figure(figure))
    text = figure_csv_text(program, require_zone(program), reading, _now())
    name = f"{program}-{reading.query.figure}-{reading.days.first}-{reading.days.last}.csv"
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@blueprint.get("/v1/programs/<program>/insights/<figure>/explain")
@requires("read")
@response(ExplanationResponse)
@blueprint.alt_response(404, description="Unknown program or figure.")
def explain_figure(program: str, figure: str) -> ExplanationResponse:
    """How a figure is counted: its definition in each language, its interval, and examples of the lines that it counts."""
    require_zone(program)
    return figure_explanation(require_figure(figure))


def require_figure(name: str) -> FigureId:
    """Returns the figure of this name. Raises Problem 404 for any other name."""
    for known in FIGURES:
        if known == name:
            return known
    raise Problem(404, "unknown_figure", f"Unknown figure {name[:64]!r}. Figures: {', '.join(FIGURES)}.")


def read_figure(query: dict[str, Any], program: str, figure: FigureId) -> FigureReading:
    """What a query shows, to the API key of the request.

    Raises Problem 404 for an unknown program, 422 for a range that cannot be read, and 429 or 503 if too many such queries run.
    """
    zone = require_zone(program)
    last = query["last"] or today_in(zone)
    first = query["first"] or last - timedelta(days=DEFAULT_DAYS - 1)
    if last < first:
        raise _invalid("to", f"`to` must not be before `from`; got {first} to {last}.")
    try:
        wanted = FigureQuery(
            figure, DateRange(first, last), query["unit"], query["by"], query.get("window", DEFAULT_WINDOW_DAYS)
        )
        costly = is_costly(figure, wanted.by)
        with dependencies().costly_reads.hold(f"key {g.key.id}") if costly else nullcontext():
            return dependencies().insights.read(program, zone, wanted, context().clock.now_ms() // 1000)
    except InvalidQuery as error:
        raise _invalid(error.parameter, str(error)) from None
    except TooManyEntries:
        detail = f"More than {MAX_BOARD_ENTRIES:,} entries of boards are in the two ranges: choose fewer days, or unit=month."
        raise _invalid("from", detail) from None
    except TooManyReferrers:
        detail = (
            f"More than {MAX_REFERRERS:,} people brought friends in the blocks of 30 days around the two ranges: choose fewer"
            " days, so that they are in fewer blocks, or a shorter window."
        )
        raise _invalid("from", detail) from None


def _invalid(parameter: str, detail: str) -> Problem:
    return Problem(422, "invalid", detail, [{"pointer": f"query:{parameter}", "detail": detail}])


def today_in(zone: str) -> date:
    """The current day in a time zone."""
    return date.fromisoformat(day_name(context().clock.now_ms() // 1000, zone))


def _now() -> datetime:
    return to_datetime(context().clock.now_ms())
