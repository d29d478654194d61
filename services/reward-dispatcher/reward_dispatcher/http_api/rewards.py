"""A person's wallet, and single rewards."""

from flask import g

from referral.http.api_keys import has_scope, require_program_access, requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.paging import PageQuery, decode_offset, encode_cursor
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.unit_balance import unit_balances
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.ledger_request import require_complete_ledger
from reward_dispatcher.http_api.responses import (
    BalancesResponse,
    RewardResponse,
    RewardsResponse,
    balance_response,
    reward_responses,
)

blueprint = Blueprint("rewards", __name__)


@blueprint.get("/v1/programs/<program>/people/<path:external_id>/rewards")
@requires("read")
@blueprint.arguments(PageQuery, location="query")
@response(RewardsResponse)
def wallet(page: dict[str, object], program: str, external_id: str) -> RewardsResponse:
    """A person's rewards, as referrer and as referee, newest grant first. A person id works as well as the platform's own id."""
    require_program(program)
    person = context().pseudonyms.person_id_to_find(program, external_id)
    limit = int(str(page["limit"]))
    start, shows_code = decode_offset(page["cursor"]), has_scope(g.key, "rewards:read")
    found = dependencies().store.wallet(program, person, start, limit)
    next_start = start + limit
    return RewardsResponse(
        items=reward_responses(found.accounts, shows_code=shows_code),
        next_cursor=encode_cursor(next_start) if next_start < found.total else None,
        total=found.total,
    )


@blueprint.get("/v1/programs/<program>/people/<path:external_id>/balance")
@requires("read")
@response(BalancesResponse)
def balance(program: str, external_id: str) -> BalancesResponse:
    """A person's credit, in each unit: what is free, held and owed, and the credits it consists of."""
    require_program(program)
    person = context().pseudonyms.person_id_to_find(program, external_id)
    found = unit_balances(dependencies().store.balance(program, person), context().clock.now_ms())
    return BalancesResponse(program, person, [balance_response(one) for one in found])


@blueprint.get("/v1/rewards/<reward_id>")
@requires("read")
@response(RewardResponse)
@blueprint.alt_response(404, description="Unknown reward.")
def reward(reward_id: str) -> RewardResponse:
    """One reward."""
    [found] = reward_responses([require_reward(reward_id)], shows_code=has_scope(g.key, "rewards:read"))
    return found


def require_reward(reward_id: str) -> Account:
    """Returns the reward. Raises Problem 404 if it is unknown, 403 if the caller has no access to its program."""
    account = dependencies().store.account(reward_id)
    if account is None:
        require_complete_ledger()
        account = dependencies().store.account(reward_id)
    if account is None:
        raise Problem(
            404, "unknown_reward", f"Unknown reward {reward_id!r}. A person's wallet lists the ids of their rewards."
        )
    require_program_access(g.key, account.program)
    return account
