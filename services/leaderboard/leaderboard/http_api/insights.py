"""Insights: are we growing, and because of whom."""

from flask_smorest import Blueprint

from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.request_params import period_fields, require_window, require_zone
from leaderboard.http_api.schemas import InsightsOut, PeriodIn
from referral.http.api_keys import requires

blueprint = Blueprint("insights", __name__)


@blueprint.get("/v1/programs/<program>/insights")
@requires("read")
@blueprint.arguments(PeriodIn, location="query")
@blueprint.response(200, InsightsOut)
@blueprint.alt_response(404, description="There is no such program.")
def insights(asked: dict[str, str], program: str) -> dict[str, object]:
    """Followers and what they did in a period, as far as events tell: who followed before the first event is not
    known.
    """
    zone = require_zone(program)
    window = require_window(asked["period"], zone)
    found = dependencies().growth.read(program, window, zone)
    return {
        **period_fields(program, window),
        "followers": found.growth.followers,
        "referred": found.growth.attributed,
        "discovered": found.growth.unattributed,
        "referral_share": found.growth.referral_share,
        "qualified": found.growth.qualified,
        "by_channel": found.growth.channels,
        "posts": found.posts,
        "shares": found.activity.shares,
        "shown": found.activity.shown,
        "clicks": found.activity.clicks,
    }
