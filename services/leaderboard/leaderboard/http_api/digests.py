"""The digest of a program for reward-dispatcher, which sends it. Not part of the API: its token is made for one request."""

from datetime import timedelta
from typing import Any

from flask import request
from marshmallow import Schema, validate
from msgspec import Struct
from webargs import fields

from leaderboard.domain.date_range import DateRange
from leaderboard.domain.digest_actions import DigestFacts
from leaderboard.domain.figure_series import Series
from leaderboard.domain.figure_table import FigureId
from leaderboard.domain.focus import focus_on
from leaderboard.http_api.annotation_reader import read_annotations
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.figures import YEARS
from leaderboard.http_api.outlook import RECENT_DAYS
from leaderboard.http_api.requests import require_zone
from leaderboard.insight_reader import FigureQuery
from leaderboard.pages.digest_texts import digest_subject, digest_text
from referral.http.bearer_token import bearer_secret
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response
from referral.pages.languages import LANGUAGES, localize
from referral.tokens import InvalidTokenError, TokenSigner

MOST_DAYS = 31
blueprint = Blueprint("digests", __name__, description="The digest to the growth team.")


class DigestQuery(Schema):
    """The days of the digest, and its language."""

    first = fields.Date(required=True, data_key="from", validate=YEARS, metadata={"description": "The first day."})
    last = fields.Date(
        required=True, data_key="to", validate=YEARS, metadata={"description": "The last day, included."}
    )
    lang = fields.Str(required=True, validate=validate.OneOf(LANGUAGES))


class DigestResponse(Struct):
    """The digest in words."""

    subject: str
    text: str


@blueprint.get("/v1/digest")
@without_rate_limit
@blueprint.arguments(DigestQuery, location="query")
@response(DigestResponse)
@blueprint.alt_response(401, description="No token of reward-dispatcher.")
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(422, description="The days are in the wrong order, or too many.")
def digest(query: dict[str, Any]) -> DigestResponse:
    """What moved in a program, why, and three things to do: for reward-dispatcher, which sends it to the growth team.

    The language is that of `lang`, as everywhere.
    """
    program = _require_token()
    days = _days(query)
    zone = require_zone(program)
    versions = context().catalog.versions(program)
    url = f"{context().settings.board_url}/p/{program}/growth"
    text = digest_text(_facts(program, zone, days), read_annotations(program, zone, days), url)
    return DigestResponse(digest_subject(localize(versions[-1].program.name), days), text)


def _days(query: dict[str, Any]) -> DateRange:
    """The days of a request. Raises Problem 422."""
    if not 0 <= (query["last"] - query["first"]).days < MOST_DAYS:
        raise Problem(422, "invalid_query", f"`to` must be on or after `from`, with at most {MOST_DAYS} days in all.")
    return DateRange(query["first"], query["last"])


def _require_token() -> str:
    """The program of the request's token. Raises Problem 401."""
    try:
        return TokenSigner(context().key_ring).read_digest(bearer_secret(request) or "", context().clock.now_ms())
    except InvalidTokenError as error:
        detail = f"This needs a token that reward-dispatcher makes ({error})."
        raise Problem(401, "no_digest_token", detail, headers={"WWW-Authenticate": 'Bearer realm="digest"'}) from None


def _facts(program: str, zone: str, days: DateRange) -> DigestFacts:
    def read(figure: FigureId) -> Series:
        return _read(program, zone, FigureQuery(figure, days, "all"))[0]

    recent = DateRange(days.last - timedelta(days=RECENT_DAYS - 1), days.last)
    groups = _read(program, zone, FigureQuery("followers", recent, "all", "channel"))[1:]
    return DigestFacts(
        followers=read("followers"),
        referral_share=read("referral_share"),
        qualified_share=read("qualified_share"),
        posts=read("posts"),
        clicks=read("clicks"),
        channels=_read(program, zone, FigureQuery("followers", days, "all", "channel"))[1:],
        focus=focus_on(
            {one.key: int(one.total.value or 0) for one in groups},
            {one.key: int(one.previous.value or 0) for one in groups},
        ),
    )


def _read(program: str, zone: str, query: FigureQuery) -> tuple[Series, ...]:
    return dependencies().insights.read(program, zone, query, context().clock.now_ms() // 1000).series
