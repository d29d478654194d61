"""Insights: how a program grows, and how much of the growth comes from referrals."""

from flask_smorest import Blueprint

from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import PeriodQuery, require_window, require_zone
from leaderboard.http_api.responses import InsightsResponse, period_fields
from referral.http.api_keys import requires
from referral.http.responses import response

blueprint = Blueprint("insights", __name__)


@blueprint.get("/v1/programs/<program>/insights")
@requires("read")
@blueprint.arguments(PeriodQuery, location="query")
@response(InsightsResponse)
@blueprint.alt_response(404, description="Unknown program.")
def insights(query: dict[str, str], program: str) -> InsightsResponse:
    """Followers of a period and what people did in it, as far as events show: earlier followers are not known."""
    zone = require_zone(program)
    window = require_window(query["period"], zone)
    figures = dependencies().growth.read(program, window, zone)
    return InsightsResponse(
        **period_fields(program, window),
        followers=figures.growth.followers,
        referred=figures.growth.attributed,
        discovered=figures.growth.unattributed,
        referral_share=figures.growth.referral_share,
        qualified=figures.growth.qualified,
        by_channel=figures.growth.channels,
        posts=figures.posts,
        shares=figures.activity.shares,
        shown=figures.activity.shown,
        clicks=figures.activity.clicks,
    )
