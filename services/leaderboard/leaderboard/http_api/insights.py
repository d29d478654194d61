"""Insights: are we growing, and because of whom."""

from flask_smorest import Blueprint

from leaderboard.http_api.dependencies import collaborators
from leaderboard.http_api.request_params import span, window_of, zone_of
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
    zone = zone_of(program)
    window = window_of(asked["period"], zone)
    found = collaborators().figures.read(program, window, zone)
    return {
        **span(program, window),
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
