"""A person's wallet, and one reward."""

from flask import g
from flask_smorest import Blueprint

from referral.http.api_keys import require_program_access, requires
from referral.http.paging import PageQuery, decode_offset, encode_cursor
from referral.http.problems import Problem
from referral.http.require import require_program
from reward_dispatcher.domain.account import Account
from reward_dispatcher.http_api import shapes
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.schemas import RewardOut, RewardsOut

blueprint = Blueprint("rewards", __name__)


@blueprint.get("/v1/programs/<program>/people/<path:external_id>/rewards")
@requires("read")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, RewardsOut)
def wallet(page: dict[str, object], program: str, external_id: str) -> dict[str, object]:
    """A person's rewards, as referrer and as friend, newest grant first."""
    require_program(program)
    limit = int(str(page["limit"]))
    start = decode_offset(page["cursor"])
    found = dependencies().store.wallet(program, external_id, start, limit)
    following = start + limit
    return {
        "items": [shapes.reward(account) for account in found.accounts],
        "total": found.total,
        "next_cursor": encode_cursor(following) if following < found.total else None,
    }


@blueprint.get("/v1/rewards/<reward_id>")
@requires("read")
@blueprint.response(200, RewardOut)
@blueprint.alt_response(404, description="There is no such reward.")
def reward(reward_id: str) -> dict[str, object]:
    """One reward."""
    return shapes.reward(require_reward(reward_id))


def require_reward(reward_id: str) -> Account:
    """The reward, if the caller may know of it. Raises Problem 404, or 403 for one of another program."""
    account = dependencies().store.account(reward_id)
    if account is None:
        raise unknown_reward(reward_id)
    require_program_access(g.key, account.program)
    return account


def unknown_reward(reward_id: str) -> Problem:
    """404: there is no such reward (yet)."""
    return Problem(404, "unknown_reward", f"There is no reward {reward_id}. A wallet lists a person's rewards.")
