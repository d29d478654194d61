"""The rewards of a program that limits stopped."""

from referral.fold.sorted_set_listing import ListEntry
from referral.http.api_keys import requires
from referral.http.json_body import Blueprint
from referral.http.paging import PageQuery, decode_position, encode_position
from referral.http.require import require_program
from referral.http.responses import response
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import beneficiaries
from reward_dispatcher.http_api.stopped_rewards_response import StoppedRewardsResponse, stopped_reward_response

blueprint = Blueprint("stopped_rewards", __name__)


@blueprint.get("/v1/programs/<program>/rewards/stopped")
@requires("read")
@blueprint.arguments(PageQuery, location="query")
@response(StoppedRewardsResponse)
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="Redis is unavailable.")
def stopped_rewards(page: dict[str, object], program: str) -> StoppedRewardsResponse:
    """Rewards that caps stopped, with the reason, the oldest first; without those of referrals that were reversed."""
    require_program(program)
    position = decode_position(page["cursor"], program)
    found, last = dependencies().stopped.after(
        program, ListEntry(*position) if position else None, int(str(page["limit"]))
    )
    people = beneficiaries({one.beneficiary for one in found})
    return StoppedRewardsResponse(
        items=[stopped_reward_response(one, people.get(one.beneficiary)) for one in found],
        next_cursor=encode_position(program, last.score, last.member) if last else None,
    )
