"""Insights: how a program grows, and how much of the growth comes from referrals."""

from typing import get_args

from leaderboard.board_store import board_name
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import PeriodQuery, require_period, require_zone
from leaderboard.http_api.responses import InsightsResponse, period_fields
from referral.events.attributions import ReferrerKind
from referral.http.api_keys import requires
from referral.http.json_body import Blueprint
from referral.http.responses import response

blueprint = Blueprint("insights", __name__)


@blueprint.get("/v1/programs/<program>/insights")
@requires("read")
@blueprint.arguments(PeriodQuery, location="query")
@response(InsightsResponse)
@blueprint.alt_response(404, description="Unknown program.")
def insights(query: dict[str, str], program: str) -> InsightsResponse:
    """Followers of a period and what people did in it, as far as events show: earlier followers are not known.

    Referrals of banned people count nowhere: not here, not on boards, and not for rewards.
    """
    zone, window = require_zone(program), require_period(program, query["period"])
    figures = dependencies().growth.read(program, window, zone)
    boards = [board_name(program, "referrals", window.name, kind) for kind in get_args(ReferrerKind)]
    counted = dependencies().boards.total_referrals(boards)
    return InsightsResponse(
        **period_fields(program, window),
        followers=figures.followers,
        referred=figures.growth.attributed,
        discovered=figures.growth.unattributed,
        excluded=figures.excluded.followers,
        referral_share=figures.referral_share,
        qualified=figures.growth.qualified,
        counted=counted,
        not_counted=figures.growth.qualified - counted if window.kind == "all" else None,
        by_channel=figures.growth.by_channel,
        posts=figures.posts,
        shares=figures.activity.shares,
        shown=figures.activity.shown,
        clicks=figures.activity.clicks,
    )
